//! Why an event cannot be audited.

use event_runtime::{Blame, Disposition, Failure};
use kafka_events::HeaderError;

/// The event is not one that can be put into the log. Holds nothing of what it says.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Without an id there is no telling a repetition.
    #[error("the event's event_id has {0} bytes; 1 to {max} are needed", max = crate::update::MAX_ID_BYTES)]
    Id(usize),
    /// Without a user there is nowhere to put it.
    #[error("the event's user_id has {0} bytes; 1 to {max} are needed", max = crate::update::MAX_USER_BYTES)]
    User(usize),
    /// As text, times sort from the year 0 on.
    #[error("the event's changed_at lies before the year 0")]
    Time,
    /// An update of nothing.
    #[error("the event names no changed field")]
    NoChanges,
    /// Two names for one event: which one a repetition would carry cannot be known.
    #[error("the header ce_id and the field event_id differ; a producer has to set both to the event's id")]
    IdsDiffer,
    /// The header might differ.
    #[error("the record's headers cannot be read, so it cannot be told whether ce_id is the event's id")]
    Headers(#[from] HeaderError),
}

impl Failure for EventError {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        match self {
            EventError::Id(_) | EventError::User(_) | EventError::Time | EventError::NoChanges => "event_malformed",
            EventError::IdsDiffer => "event_ids_differ",
            EventError::Headers(error) => error.code(),
        }
    }

    fn blame(&self) -> Blame {
        Blame::Record
    }
}
