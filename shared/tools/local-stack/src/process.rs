//! Child processes that end when the process that started them ends, however it ends.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const GUARD: &str = include_str!("guard.sh");

/// How many guards are running.
static GUARDS: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// What to start: a program, its arguments, its environment and where its output goes.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables added to the inherited ones, or replacing them.
    pub environment: Vec<(String, String)>,
    /// The working directory; the current one when `None`.
    pub directory: Option<PathBuf>,
    /// The file that receives standard output and standard error, appended to. With `None` they are inherited.
    pub log: Option<PathBuf>,
}

impl Program {
    /// A program without arguments whose output goes to `log`.
    pub fn new(path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        let log = Some(log.into());
        Program { path: path.into(), arguments: Vec::new(), environment: Vec::new(), directory: None, log }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A running process in a process group of its own, so that a Ctrl-C on the terminal reaches us alone and we end it.
///
/// It ends when [`Process::stop`] is called, when this value is dropped, and when our own process ends in any way,
/// SIGKILL included: a guard process watches a pipe that only our process holds open. Ending is by process id, never by name: SIGTERM
/// to it and its descendants, then, after at most five seconds, SIGKILL to those that are left.
#[derive(Debug)]
pub struct Process {
    child: Child,
    id: u32,
    guard: JoinHandle<()>,
    /// The guard acts when this is dropped.
    lifeline: Option<ChildStdin>,
}

/// A program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {}", program.display())]
pub struct StartError {
    program: PathBuf,
    source: io::Error,
}

impl Process {
    /// Starts `program`. The variables that point at a real AWS account are not inherited.
    ///
    /// # Errors
    /// When the program, its log or its guard cannot be started.
    pub fn start(program: &Program) -> Result<Self, StartError> {
        Self::try_start(program).map_err(|source| StartError { program: program.path.clone(), source })
    }

    fn try_start(program: &Program) -> io::Result<Self> {
        let (stdout, stderr) = match &program.log {
            Some(path) => {
                let log = open_log(path)?;
                (Stdio::from(log.try_clone()?), Stdio::from(log))
            }
            None => (Stdio::inherit(), Stdio::inherit()),
        };
        let mut command = Command::new(&program.path);
        for name in std::env::vars_os().map(|(name, _)| name).filter(|name| points_at_aws(name)) {
            command.env_remove(name);
        }
        command
            .args(&program.arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(false);
        if let Some(directory) = &program.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        match guard(id) {
            Ok((guard, lifeline)) => Ok(Process { child, id, guard, lifeline: Some(lifeline) }),
            Err(error) => {
                // Without its guard it might run on after our process.
                child.start_kill()?;
                Err(error)
            }
        }
    }

    /// The process id, which is also the id of its process group.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, or `None` while it runs.
    ///
    /// # Errors
    /// When the operating system cannot report it.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When the operating system cannot report it.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.dismiss_guard().await;
        Ok(status)
    }

    /// Kills it with SIGKILL, as a crash would, and waits until it is gone.
    ///
    /// # Errors
    /// When the operating system cannot do it.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await?;
        self.dismiss_guard().await;
        Ok(())
    }

    /// Ends it and all that it started, and waits until they are gone.
    ///
    /// # Errors
    /// When the operating system cannot report it.
    pub async fn stop(mut self) -> io::Result<()> {
        if self.ended()?.is_some() {
            self.dismiss_guard().await;
        }
        self.lifeline = None;
        self.child.wait().await?;
        // It always ends; the result has no meaning.
        let _ = (&mut self.guard).await;
        Ok(())
    }

    /// Waits until every [`Process`] that was dropped or stopped has ended, at most ten seconds. For the end of a program:
    /// dropping a process does not wait for it.
    pub async fn all_ended() {
        let mut guards = GUARDS.subscribe();
        let ended = guards.wait_for(|guards| *guards == 0);
        // After that time the guards go on alone.
        let _ = tokio::time::timeout(Duration::from_secs(10), ended).await;
    }

    /// The process id may soon belong to another process, so the guard must not use it any more.
    async fn dismiss_guard(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            // A guard that has ended needs no message.
            let _ = lifeline.write_all(b"gone\n").await;
        }
    }
}

fn guard(id: u32) -> io::Result<(JoinHandle<()>, ChildStdin)> {
    let mut guard = Command::new("sh")
        .args(["-c", GUARD, "guard", &id.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let lifeline = guard.stdin.take().ok_or_else(|| io::Error::other("the guard has no standard input"))?;
    GUARDS.send_modify(|guards| *guards += 1);
    let guard = tokio::spawn(async move {
        // Its exit code has no meaning.
        let _ = guard.wait().await;
        GUARDS.send_modify(|guards| *guards -= 1);
    });
    Ok((guard, lifeline))
}

fn open_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::options().create(true).append(true).open(path)
}

fn points_at_aws(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    // The bundle of trusted certificates is about this machine's network, not about an account.
    name.starts_with("AWS_") && name != "AWS_CA_BUNDLE" && !name.starts_with("AWS_LC_")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that starts a grandchild in a session of its own, as `cargo lambda watch` does with functions.
    const NEST: &str = "sleep 600 & setsid sleep 601 & echo $! >grandchild; wait";

    fn nest(folder: &Path) -> Process {
        let mut program = Program::new("sh", folder.join("log")).args(["-c", NEST]);
        program.directory = Some(folder.to_path_buf());
        Process::start(&program).unwrap()
    }

    async fn grandchild(folder: &Path) -> u32 {
        loop {
            let text = std::fs::read_to_string(folder.join("grandchild")).unwrap_or_default();
            if let Ok(id) = text.trim().parse() {
                return id;
            }
            tokio::task::yield_now().await;
        }
    }

    fn runs(id: u32) -> bool {
        // A zombie has ended; only its parent has not looked yet.
        std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    }

    #[tokio::test]
    async fn stopping_ends_everything_that_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let process = nest(folder.path());
        let (child, grandchild) = (process.id(), grandchild(folder.path()).await);
        process.stop().await.unwrap();
        assert!(!runs(child) && !runs(grandchild));
    }

    #[tokio::test]
    async fn dropping_ends_everything_that_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let process = nest(folder.path());
        let (child, grandchild) = (process.id(), grandchild(folder.path()).await);
        let Process { guard, child: dropped, lifeline, .. } = process;
        drop((dropped, lifeline));
        guard.await.unwrap();
        assert!(!runs(child) && !runs(grandchild));
    }

    #[tokio::test]
    async fn a_killed_process_is_gone_when_the_call_returns() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::start(&Program::new("sleep", folder.path().join("log")).args(["600"])).unwrap();
        process.kill().await.unwrap();
        assert!(!runs(process.id()));
        process.guard.await.unwrap();
    }

    #[test]
    fn the_users_own_aws_account_is_out_of_reach() {
        assert!(points_at_aws("AWS_PROFILE".as_ref()) && points_at_aws("AWS_SESSION_TOKEN".as_ref()));
        assert!(!points_at_aws("AWS_CA_BUNDLE".as_ref()) && !points_at_aws("PATH".as_ref()));
    }
}
