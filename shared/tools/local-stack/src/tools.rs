//! Where things are: the workspace, its `.local` folder and the pinned tools in it.

use std::path::{Path, PathBuf};

/// The workspace's folder for state, logs and tools. Git and `cargo lambda watch` ignore it: any write to a file that
/// is not ignored would restart every function.
const LOCAL: &str = ".local";

/// The workspace on this machine.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

/// The laptop is not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The pinned tools are not there.
    #[error("{} is missing: run `make setup` first", .0.display())]
    ToolMissing(PathBuf),
    /// Run from outside.
    #[error("{} is not inside this workspace: no Cargo.toml with [workspace] above it", .0.display())]
    NoWorkspace(PathBuf),
    /// The file system refused.
    #[error("cannot prepare {}", path.display())]
    Folder {
        /// What was to be made.
        path: PathBuf,
        /// Why it could not be.
        source: std::io::Error,
    },
}

impl Workspace {
    /// The workspace around the current directory, with its `.local` folder made.
    ///
    /// # Errors
    /// When there is no workspace above, or the folder cannot be made.
    pub fn find() -> Result<Self, SetupError> {
        let here = std::env::current_dir().map_err(|source| SetupError::Folder { path: ".".into(), source })?;
        let root = here
            .ancestors()
            .find(|folder| {
                std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
            })
            .ok_or_else(|| SetupError::NoWorkspace(here.clone()))?;
        let workspace = Workspace { root: root.to_path_buf() };
        workspace.folder("logs")?;
        Ok(workspace)
    }

    /// A workspace whose place is known.
    pub fn at(root: PathBuf) -> Self {
        Workspace { root }
    }

    /// The folder with the root `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below `.local`.
    pub fn local(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(LOCAL).join(path)
    }

    /// A folder below `.local`, made if need be.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, path: impl AsRef<Path>) -> Result<PathBuf, SetupError> {
        let path = self.local(path);
        std::fs::create_dir_all(&path).map_err(|source| SetupError::Folder { path: path.clone(), source })?;
        Ok(path)
    }

    /// A tool from `.local/venv`, for example `ministack`.
    ///
    /// # Errors
    /// When the environment has not been set up.
    pub fn tool(&self, name: &str) -> Result<PathBuf, SetupError> {
        let path = self.local("venv/bin").join(name);
        if path.exists() { Ok(path) } else { Err(SetupError::ToolMissing(path)) }
    }
}

/// A TCP port on loopback that nothing listens on at the moment.
///
/// # Errors
/// When the operating system has none.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// An HTTP client for loopback: a proxy that the surroundings configure has no business there.
pub(crate) fn loopback_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().build()
}
