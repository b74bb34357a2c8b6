//! Errors of events that cannot be stored, and the limits of their id and key.

use dynamodb::keys::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use event_runtime::{Blame, Disposition, Failure};
use kafka_events::HeaderError;

/// The longest event id, in bytes. Behind the event's time it is a sort key.
pub const MAX_ID_BYTES: usize = 900;
/// The longest record key, in bytes. Behind a prefix it is a partition key.
pub const MAX_KEY_BYTES: usize = 2000;

const _: () = assert!("1970-01-01T00:00:00.000Z#".len() + MAX_ID_BYTES <= MAX_SORT_KEY_BYTES);
const _: () = assert!("entity#".len() + MAX_KEY_BYTES <= MAX_PARTITION_KEY_BYTES);

/// The event cannot be stored. Holds nothing of the event's content.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The id, by which a repetition is recognised, is missing, empty or too long.
    #[error(
        "the record's header ce_id is missing or not a text of 1 to {MAX_ID_BYTES} bytes; the producer must set it to the event's id"
    )]
    Id,
    /// The key, under which the entry is stored, is missing, empty or too long.
    #[error(
        "the record's key is missing or not a text of 1 to {MAX_KEY_BYTES} bytes; the producer must set it to the entity's id"
    )]
    Key,
    /// Only times from the year 0 on sort as text.
    #[error(
        "the record's header ce_time, or its timestamp where it has no such header, is not a time of RFC 3339 in the years 0 to 9999; the producer must correct it"
    )]
    Time,
    /// The id in the header is unknown.
    #[error("the record's headers cannot be read, so its ce_id is unknown; the producer must correct them")]
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
