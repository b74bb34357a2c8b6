//! Errors of events that cannot be put into the audit log, and the limits of their ids.

use dynamodb::keys::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use event_runtime::{Blame, Disposition, Failure};
use kafka_events::HeaderError;

/// The longest event id, in bytes. Behind the event's time it is a sort key.
pub const MAX_EVENT_ID_BYTES: usize = 900;
/// The longest user id, in bytes. Behind a prefix it is a partition key.
pub const MAX_USER_ID_BYTES: usize = 2000;

const _: () = assert!("1970-01-01T00:00:00.000000Z#".len() + MAX_EVENT_ID_BYTES <= MAX_SORT_KEY_BYTES);
const _: () = assert!("user#".len() + MAX_USER_ID_BYTES <= MAX_PARTITION_KEY_BYTES);

/// The event cannot be put into the log. Holds nothing of the event's content.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The id, by which a repetition is recognised, is empty or too long.
    #[error("the event's event_id has {0} bytes; the producer must send 1 to {MAX_EVENT_ID_BYTES}")]
    Id(usize),
    /// The user id, under which the entry is stored, is empty or too long.
    #[error("the event's user_id has {0} bytes; the producer must send 1 to {MAX_USER_ID_BYTES}")]
    User(usize),
    /// Only times from the year 0 on sort as text.
    #[error("the event's changed_at is before the year 0; the producer must send the time of the change")]
    Time,
    /// An update without changes.
    #[error("the event's changes are empty; the producer must send at least one changed field")]
    NoChanges,
    /// The event has two ids, and a repetition might come with either.
    #[error("the header ce_id and the field event_id differ; the producer must set both to the event's id")]
    IdsDiffer,
    /// The id in the header is unknown.
    #[error("the record's headers cannot be read, so ce_id cannot be compared with the event's id")]
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
