//! The cargo workspace on this machine: its packages, its `.local` folder and the pinned tools in it.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The workspace's folder for state, logs and tools. Git and `cargo lambda watch` ignore it: any write to a file that
/// is not ignored would restart every function.
const LOCAL: &str = ".local";

/// The crate that functions are built on.
const DOOR: &str = "event-functions";

/// The workspace on this machine.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder of its `Cargo.toml`.
    pub folder: PathBuf,
}

/// Cargo cannot list the packages of the workspace.
#[derive(Debug, thiserror::Error)]
#[error("cannot list the packages of the workspace {}", root.display())]
pub struct PackagesError {
    root: PathBuf,
    source: cargo_metadata::Error,
}

/// The workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A pinned tool is not installed.
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

    /// All packages of the workspace, by name. Asks cargo, which takes some 30 ms.
    ///
    /// # Errors
    /// When cargo cannot read a manifest.
    pub fn packages(&self) -> Result<Vec<Package>, PackagesError> {
        self.packages_where(|_| true)
    }

    /// The functions among them: packages that are built on `event-functions` and have a binary of their own name.
    ///
    /// # Errors
    /// When cargo cannot read a manifest.
    pub fn functions(&self) -> Result<Vec<Package>, PackagesError> {
        self.packages_where(|package| {
            let needs = |dependency: &cargo_metadata::Dependency| {
                dependency.kind == DependencyKind::Normal && dependency.name == DOOR
            };
            let runs = |target: &cargo_metadata::Target| target.is_bin() && target.name == package.name.as_str();
            package.dependencies.iter().any(needs) && package.targets.iter().any(runs)
        })
    }

    fn packages_where(&self, wanted: impl Fn(&cargo_metadata::Package) -> bool) -> Result<Vec<Package>, PackagesError> {
        let mut cargo = MetadataCommand::new();
        cargo.manifest_path(self.root.join("Cargo.toml")).no_deps().other_options(["--offline".to_owned()]);
        let metadata = cargo.exec().map_err(|source| PackagesError { root: self.root.clone(), source })?;
        let folder = |manifest: &cargo_metadata::camino::Utf8Path| {
            manifest.parent().map(|folder| folder.as_std_path().to_path_buf()).unwrap_or_default()
        };
        let package = |package: cargo_metadata::Package| Package {
            name: package.name.to_string(),
            folder: folder(&package.manifest_path),
        };
        let mut packages: Vec<_> = metadata.packages.into_iter().filter(wanted).map(package).collect();
        packages.sort();
        Ok(packages)
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
