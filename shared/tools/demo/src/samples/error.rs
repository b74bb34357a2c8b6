//! Errors of samples that cannot be made or written.

use function_manifests::ManifestError;
use local_stack::PackagesError;
use recordings::{EncodeError, RecordingError};
use topic_contracts::TopicsError;
use topic_names::{TopicName, TopicNameError};

use crate::accounts::NoAccounts;
use crate::bad_batch::BadBatchError;
use crate::example::ExampleError;
use crate::sample::NotRecorded;

/// Samples could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The recording lacks the accounts.
    #[error(transparent)]
    Accounts(#[from] NoAccounts),
    /// The recording lacks a kind of record.
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
    /// No bad records.
    #[error(transparent)]
    Bad(#[from] BadBatchError),
    /// No recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Nothing to make a sample of.
    #[error("no recording in events/recorded contains {0}: record it, or give the function another topic")]
    NoRecording(TopicName),
    /// No list of the functions.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// The rules of names cannot be read.
    #[error(transparent)]
    Names(#[from] TopicsError),
    /// A function's manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A sample does not have its schema's shape.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A domain event has no example.
    #[error(transparent)]
    Example(#[from] ExampleError),
    /// A function reads a topic of another form.
    #[error(transparent)]
    Topic(#[from] TopicNameError),
    /// The file system refused.
    #[error("cannot write the samples")]
    Io(#[from] std::io::Error),
}
