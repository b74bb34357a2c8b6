//! Why a run could not be made at all.

use event_runtime::{Disposition, Failure};

use crate::objects::ObjectError;
use crate::queue::QueueError;
use crate::request::RequestError;

/// Why a run could not be made, or not to its end. What was finished until then is finished; what was hidden shows up
/// again by itself.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The request contradicts itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The queue cannot be worked with.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The documents' bucket cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The start of an id that more than one letter has.
    #[error("{count} letters have an id that begins with `{id}`; give more of it")]
    Ambiguous {
        /// What was given.
        id: String,
        /// How many there are.
        count: usize,
    },
    /// No letter of that id was seen.
    #[error("no letter with an id that begins with `{0}` was seen; somebody else may hold it, or it is gone")]
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
