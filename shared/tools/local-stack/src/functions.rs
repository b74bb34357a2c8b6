//! Builds functions with cargo, and serves them with `cargo lambda watch`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::Instant;

use crate::loopback::{free_port, loopback_client};
use crate::process::{Process, Program, StartError};
use crate::workspace::{SetupError, Workspace};

const LISTENING_WITHIN: Duration = Duration::from_secs(30);
const ATTEMPTS: usize = 3;

/// A function could not be built or served.
#[derive(Debug, thiserror::Error)]
pub enum FunctionsError {
    /// The pinned tools are missing.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The program cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The operating system refused.
    #[error("the operating system refused")]
    Io(#[from] std::io::Error),
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
    /// The compiler's messages are on standard error.
    #[error("cargo could not build {0}; its messages are above")]
    Build(String),
    /// It ended by itself.
    #[error("`cargo lambda watch` ended ({0}); its messages are above. Is the port taken? PORT= chooses another")]
    WatchEnded(String),
    /// It ended or never listened.
    #[error("`cargo lambda watch` did not start; its output is in {}", .0.display())]
    NotListening(PathBuf),
}

/// Builds functions exactly as `cargo lambda watch` does, so that it has nothing left to compile: the same profile, and
/// the features of the whole workspace (`--bin` without `--package`). Gives the executables, in the order of `names`.
///
/// Cargo's progress goes to standard error.
///
/// # Errors
/// When one does not compile.
pub async fn build(workspace: &Workspace, names: &[&str]) -> Result<Vec<PathBuf>, FunctionsError> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
        target: Option<Target>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--message-format", "json-render-diagnostics"]);
    cargo.args(names.iter().flat_map(|name| ["--bin", name]));
    let mut cargo =
        cargo.current_dir(workspace.root()).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut executables = vec![None; names.len()];
    if let Some(output) = cargo.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            let Ok(Message { executable: Some(executable), target: Some(target) }) = serde_json::from_str(&line) else {
                continue;
            };
            for (slot, _) in executables.iter_mut().zip(names).filter(|(_, name)| **name == target.name) {
                *slot = Some(executable.clone());
            }
        }
    }
    let built = cargo.wait().await?.success();
    executables
        .into_iter()
        .zip(names)
        .map(|(executable, name)| executable.filter(|_| built).ok_or_else(|| FunctionsError::Build((*name).to_owned())))
        .collect()
}

/// Serves the functions on `port` with our own output, and restarts them when their source changes, until it ends.
///
/// # Errors
/// When it is not installed or cannot be started.
pub async fn watch_sources(workspace: &Workspace, env_file: &Path, port: u16) -> Result<(), FunctionsError> {
    let mut process = Process::start(&cargo_lambda_watch(workspace, env_file, port)?)?;
    let status = process.wait().await?;
    if status.success() { Ok(()) } else { Err(FunctionsError::WatchEnded(status.to_string())) }
}

fn cargo_lambda_watch(workspace: &Workspace, env_file: &Path, port: u16) -> Result<Program, SetupError> {
    Ok(Program {
        path: workspace.tool("cargo-lambda")?,
        arguments: Vec::new(),
        environment: Vec::new(),
        directory: Some(workspace.root().to_path_buf()),
        log: None,
    }
    .args(["lambda", "watch", "--wait", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()])
    .args(["--env-file".as_ref(), env_file.as_os_str()])
    .env("NO_PROXY", "127.0.0.1,localhost"))
}

/// All functions of the workspace behind one address, each started by its first invocation. Ends with this value.
#[derive(Debug)]
pub struct WatchedFunctions {
    process: Process,
    url: String,
    log: PathBuf,
}

impl WatchedFunctions {
    /// Starts `cargo lambda watch` with the variables in `env_file` on a port that it picks, and waits until it answers.
    ///
    /// Source changes do not restart the functions: nothing may change while a test or demonstration runs.
    ///
    /// # Errors
    /// When it is not installed or does not answer within 30 seconds.
    pub async fn start(workspace: &Workspace, env_file: &Path) -> Result<Self, FunctionsError> {
        let mut attempt = 1;
        loop {
            let port = free_port()?;
            let log = workspace.local(format!("logs/functions-{port}.log"));
            let program = cargo_lambda_watch(workspace, env_file, port)?.args(["--ignore-changes"]);
            let process = Process::start(&Program { log: Some(log.clone()), ..program })?;
            let mut functions = WatchedFunctions { process, url: format!("http://127.0.0.1:{port}"), log };
            if functions.listening().await? {
                return Ok(functions);
            }
            // Between picking the port and listening on it another process may have taken it.
            if attempt == ATTEMPTS {
                return Err(FunctionsError::NotListening(functions.log));
            }
            attempt += 1;
        }
    }

    /// False when it ended or took too long.
    async fn listening(&mut self) -> Result<bool, FunctionsError> {
        let http = loopback_client()?;
        let deadline = Instant::now() + LISTENING_WITHIN;
        while Instant::now() < deadline && self.process.ended()?.is_none() {
            // Any answer will do: there is nothing at this path.
            if http.get(format!("{}/.well-known/none", self.url)).send().await.is_ok() {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(false)
    }

    /// The address, for [`Watched`](crate::Watched).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file with everything that it and the functions wrote.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Ends it and the functions and waits until they are gone.
    ///
    /// # Errors
    /// When the operating system cannot report it.
    pub async fn stop(self) -> std::io::Result<()> {
        self.process.stop().await
    }
}
