//! Errors of samples that cannot be made or written.

use recordings::{EncodeError, RecordingError};
use topic_names::TopicNameError;

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
    /// A sample does not have its schema's shape.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A domain event has no example.
    #[error(transparent)]
    Example(#[from] ExampleError),
    /// A template reads no topic.
    #[error(transparent)]
    Topic(#[from] TopicNameError),
    /// The file system refused.
    #[error("cannot write the samples")]
    Io(#[from] std::io::Error),
}
