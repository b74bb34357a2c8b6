//! Asks the functions of a workspace what they declare, and writes it beside them.

use std::path::PathBuf;
use std::process::Stdio;

use function_manifests::{FILE, ManifestError};
use tokio::process::Command;

use crate::functions::{FunctionsError, build};
use crate::workspace::{Package, PackagesError, Workspace};

/// A manifest that is not in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleManifest {
    /// The function.
    pub function: String,
    /// Its file.
    pub path: PathBuf,
    /// What the file should have.
    text: String,
}

/// A function does not say what it declares.
#[derive(Debug, thiserror::Error)]
pub enum ManifestsError {
    /// No list of the functions.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// They do not compile.
    #[error(transparent)]
    Build(#[from] FunctionsError),
    /// One cannot be run.
    #[error("cannot run {}", path.display())]
    Run {
        /// The binary.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One does not answer.
    #[error("{function} --manifest ended with {status} and printed: {printed}")]
    Refused {
        /// The function.
        function: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said.
        printed: String,
    },
    /// One answers something else.
    #[error("what {function} prints with --manifest cannot be used")]
    Form {
        /// The function.
        function: String,
        /// Why.
        source: ManifestError,
    },
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Builds all functions of the workspace and compares what they declare with their files. Gives the number of functions,
/// and those whose file is missing or has something else.
///
/// # Errors
/// When one does not compile or does not say what it declares.
pub async fn stale_manifests(workspace: &Workspace) -> Result<(usize, Vec<StaleManifest>), ManifestsError> {
    let functions = workspace.functions()?;
    let names: Vec<_> = functions.iter().map(|package| package.name.as_str()).collect();
    let built = build(workspace, &names).await?;
    let mut stale = Vec::new();
    for (Package { name, folder }, binary) in functions.iter().zip(built) {
        let (path, text) = (folder.join(FILE), declared(name, binary).await?);
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            stale.push(StaleManifest { function: name.clone(), path, text });
        }
    }
    Ok((functions.len(), stale))
}

impl StaleManifest {
    /// Writes the file.
    ///
    /// # Errors
    /// When that fails.
    pub fn write(&self) -> Result<(), ManifestsError> {
        let failed = |source| ManifestsError::Write { path: self.path.clone(), source };
        std::fs::write(&self.path, &self.text).map_err(failed)
    }
}

/// What the binary prints without any variables.
async fn declared(function: &str, binary: PathBuf) -> Result<String, ManifestsError> {
    let mut run = Command::new(&binary);
    run.arg("--manifest").env_clear().stdin(Stdio::null()).kill_on_drop(true);
    let ran = run.output().await.map_err(|source| ManifestsError::Run { path: binary.clone(), source })?;
    let [printed, said] = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if !ran.status.success() {
        let printed = if said.is_empty() { printed } else { said };
        return Err(ManifestsError::Refused { function: function.to_owned(), status: ran.status, printed });
    }
    match function_manifests::parse(&printed, &binary) {
        Ok(manifest) if manifest.function == function => Ok(printed),
        Ok(manifest) => {
            let source = ManifestError::OfAnother { path: binary, function: manifest.function };
            Err(ManifestsError::Form { function: function.to_owned(), source })
        }
        Err(source) => Err(ManifestsError::Form { function: function.to_owned(), source }),
    }
}
