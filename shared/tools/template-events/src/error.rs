//! Why an event cannot be kept.

use event_runtime::{Blame, Disposition, Failure};
use kafka_events::HeaderError;

/// What a sort key of 1024 bytes has room for beside the time.
pub const MAX_ID_BYTES: usize = 900;
/// What a partition key of 2048 bytes has room for.
pub const MAX_KEY_BYTES: usize = 2000;

/// The record is no event that can be kept. Holds nothing of what it says.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Without an id there is no telling a repetition.
    #[error(
        "the record's header ce_id is no text of 1 to {MAX_ID_BYTES} bytes; a producer has to set it to the event's id"
    )]
    Id,
    /// Without a key there is nowhere to put it.
    #[error("the record's key is no text of 1 to {MAX_KEY_BYTES} bytes; a producer has to set it to the entity's id")]
    Key,
    /// As text, times sort from the year 0 on.
    #[error("the record's header ce_time is no time of RFC 3339 in the years 0 to 9999 (without one, its timestamp)")]
    Time,
    /// The id might be there.
    #[error("the record's headers cannot be read, so its ce_id is not known")]
    Headers(#[from] HeaderError),
}

impl Failure for EventError {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        match self {
            EventError::Id => "event_id_missing",
            EventError::Key => "key_missing",
            EventError::Time => "event_time_unreadable",
            EventError::Headers(error) => error.code(),
        }
    }

    fn blame(&self) -> Blame {
        Blame::Record
    }
}
