//! The manifests of all functions, written beside them.

use std::io::{self, Write};

use local_stack::{ManifestsError, Workspace, stale_manifests};

/// The manifests could not be compared or written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFilesError {
    /// A function does not say what it declares.
    #[error(transparent)]
    Manifests(#[from] ManifestsError),
    /// Output.
    #[error("cannot write")]
    Io(#[from] io::Error),
}

/// Writes each manifest that is not in its file; with `check` only says which. True unless `check` found one.
///
/// # Errors
/// When a function does not compile or does not say what it declares, or a file cannot be written.
pub async fn manifests(
    workspace: &Workspace,
    check: bool,
    out: &mut (impl Write + Send),
) -> Result<bool, ManifestFilesError> {
    let (functions, stale) = stale_manifests(workspace).await?;
    for manifest in &stale {
        let path = manifest.path.strip_prefix(workspace.root()).unwrap_or(&manifest.path).display();
        if check {
            writeln!(out, "{path} is not what {} declares: run `make manifests`", manifest.function)?;
        } else {
            manifest.write()?;
            writeln!(out, "wrote {path}")?;
        }
    }
    if stale.is_empty() {
        writeln!(out, "the manifests of {functions} functions are what they declare")?;
    }
    out.flush()?;
    Ok(stale.is_empty() || !check)
}
