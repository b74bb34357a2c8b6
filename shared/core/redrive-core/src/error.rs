//! Errors that leave a run without a report.

use event_runtime::{Disposition, Failure};

use crate::ports::{ObjectError, QueueError};
use crate::request::RequestError;

/// Why a run has no report. Records that were finished before the error stay finished; hidden messages reappear in the
/// queue by themselves.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The request contradicts itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A call to the queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The bucket of the documents cannot be listed.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// More than one letter has an id with this prefix.
    #[error("{count} letters have an id that begins with `{id}`; give more of its characters")]
    Ambiguous {
        /// The prefix from the request.
        id: String,
        /// How many letters match.
        count: usize,
    },
    /// No letter with this id was received.
    #[error(
        "no letter has an id that begins with `{0}`: it was removed, or another reader has it at the moment; if it should \
         be there, run again in some minutes"
    )]
    Unknown(String),
}

impl Failure for RedriveError {
    fn disposition(&self) -> Disposition {
        match self {
            RedriveError::Request(_) | RedriveError::Ambiguous { .. } => Disposition::DeadLetter,
            RedriveError::Queue(_) | RedriveError::Objects(_) | RedriveError::Unknown(_) => {
                Disposition::Retry { after: None }
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            RedriveError::Request(_) => "request_contradictory",
            RedriveError::Queue(_) => "queue_unavailable",
            RedriveError::Objects(_) => "bucket_unavailable",
            RedriveError::Ambiguous { .. } => "letter_ambiguous",
            RedriveError::Unknown(_) => "letter_unknown",
        }
    }
}
