//! A manifest cannot be used.

use std::io;
use std::path::PathBuf;

/// A manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what a function prints.
    #[error("{} is not the manifest of a function: {problem}. `make manifests` writes it again", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// It is another function's.
    #[error("{} is the manifest of {function}: `make manifests` writes it again", path.display())]
    OfAnother {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        function: String,
    },
}
