//! Errors of contracts that cannot be read.

use std::io;
use std::path::PathBuf;

use avro_decode::SchemaError;

/// The folder of contracts is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no folder in the folder.
    #[error("{}: there are no subjects; each is a folder with subject.json and v1.avsc", folder.display())]
    NoSubjects {
        /// The folder.
        folder: PathBuf,
    },
    /// A subject has no manifest.
    #[error("{}: there is no subject.json; write one, with compatibility level and example", folder.display())]
    NoManifest {
        /// The subject's folder.
        folder: PathBuf,
    },
    /// A file that is neither manifest nor version.
    #[error("{}: a subject's folder has subject.json and v1.avsc, v2.avsc and so on, nothing else", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// A version is missing among others.
    #[error("{}: there is no v{missing}.avsc; versions are counted from 1 without gaps, and none is ever removed", folder.display())]
    Gap {
        /// The subject's folder.
        folder: PathBuf,
        /// The first that is missing.
        missing: u32,
    },
    /// A file is not JSON, or not of its form.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A schema is not Avro.
    #[error("{}: {source}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SchemaError,
    },
    /// The contracts of topics cannot be read, or do not hold.
    #[error(transparent)]
    Topics(#[from] topic_contracts::TopicsError),
    /// An example's recording cannot be read.
    #[error("{subject}: the example cannot be read from the recording: {}", crate::causes::with_causes(source.as_ref()))]
    Recording {
        /// The subject.
        subject: String,
        /// Why.
        source: Box<crate::DecodingError>,
    },
    /// What a function declares cannot be used.
    #[error(transparent)]
    Manifest(#[from] function_manifests::ManifestError),
}
