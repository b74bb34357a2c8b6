//! Errors that leave a run without a report.

use event_runtime::Failure;

use crate::ports::{ObjectError, QueueError};
use crate::request::RequestError;

/// Why a run has no report. Records that were finished before the error stay finished; hidden messages reappear in the
/// queue by themselves.
#[derive(Debug, Failure)]
pub enum RedriveError {
    /// The request contradicts itself.
    #[failure(transparent)]
    Request(#[from] RequestError),
    /// A call to the queue failed.
    #[failure(transparent)]
    Queue(#[from] QueueError),
    /// The bucket of the documents cannot be listed.
    #[failure(transparent)]
    Objects(#[from] ObjectError),
    /// More than one letter has an id with this prefix.
    #[failure(
        "{count} letters have an id that begins with `{id}`; give more of its characters",
        dead_letter,
        code = "letter_ambiguous",
        remedy = "Give more characters of the id."
    )]
    Ambiguous {
        /// The prefix from the request.
        id: String,
        /// How many letters match.
        count: usize,
    },
    /// No letter with this id was received.
    #[failure(
        "no letter has an id that begins with `{0}`: it was removed, or another reader has it at the moment; if it should \
         be there, run again in some minutes",
        retry,
        code = "letter_unknown",
        remedy = "If the letter should be there, run again in some minutes: another reader may have it."
    )]
    Unknown(String),
}
