//! One domain event, as a handler sees it: its data, and what `CloudEvents` says about it in headers.

use event_runtime::{Failed, RawRecord};
use jiff::Timestamp;

use crate::Failure;
use crate::handlers::headers::HeadersUnreadable;

/// `CloudEvents` over Kafka, binary mode: the event's id.
const ID_HEADER: &str = "ce_id";
/// The event's time, RFC 3339.
const TIME_HEADER: &str = "ce_time";

/// One event, borrowing from its record.
pub struct Event<'a, D> {
    pub(crate) data: D,
    pub(crate) record: RawRecord<'a>,
}

impl<'a, D> Event<'a, D> {
    /// What the event says.
    pub fn data(&self) -> &D {
        &self.data
    }

    /// The same by value.
    pub fn into_data(self) -> D {
        self.data
    }

    /// The event's id, from the header `ce_id`: an event that is published twice has the same id.
    ///
    /// # Errors
    /// When the header is missing, empty or not text.
    pub fn id(&self) -> Result<String, Failed> {
        Ok(self.id_if_any()?.ok_or(EventUnusable::Id)?)
    }

    /// The same, `None` where the record does not have the header.
    ///
    /// # Errors
    /// When the header is empty or not text.
    pub fn id_if_any(&self) -> Result<Option<String>, Failed> {
        let Some(id) = self.header(ID_HEADER)? else { return Ok(None) };
        let id = String::from_utf8(id).ok().filter(|id| !id.is_empty());
        Ok(Some(id.ok_or(EventUnusable::Id)?))
    }

    /// The event's time, from the header `ce_time`. `CloudEvents` lets a producer leave the header out; then it is the
    /// record's timestamp, which differs when the event is published again.
    ///
    /// # Errors
    /// When the header is not a time of RFC 3339, or there is neither header nor timestamp.
    pub fn time(&self) -> Result<Timestamp, Failed> {
        let at = match self.header(TIME_HEADER)? {
            Some(header) => std::str::from_utf8(&header).ok().and_then(|text| text.parse().ok()),
            None => {
                Some(self.record.timestamp).filter(|at| *at >= 0).and_then(|at| Timestamp::from_millisecond(at).ok())
            }
        };
        Ok(at.ok_or(EventUnusable::Time)?)
    }

    /// The id of the entity that the event is about: the record's key, which is plain text.
    ///
    /// # Errors
    /// When the key is missing, empty or not text.
    pub fn key(&self) -> Result<&'a str, Failed> {
        let key = self.record.key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| !key.is_empty());
        Ok(key.ok_or(EventUnusable::Key)?)
    }

    /// The value of a header; `None` where the record does not have it.
    ///
    /// # Errors
    /// When the headers cannot be read.
    pub fn header(&self, name: &str) -> Result<Option<Vec<u8>>, Failed> {
        Ok(self.record.headers.get_last(name).map_err(HeadersUnreadable)?)
    }

    /// The record: topic, partition, offset, timestamp, headers.
    pub fn record(&self) -> &RawRecord<'a> {
        &self.record
    }
}

/// What a producer of events left out or wrote wrongly. Holds nothing of the event's content.
#[derive(Debug, Failure)]
#[failure(dead_letter, blame = record)]
pub(crate) enum EventUnusable {
    /// The event's id, by which a repetition is recognised, is missing.
    #[failure(
        "the record's header {ID_HEADER} is missing, empty or not text; the producer must set it to the event's id",
        code = "event_id_missing",
        remedy = "Have the producer send the event again with its id in the header `ce_id`; end the letter."
    )]
    Id,
    /// The record's key, which names the event's entity, is missing.
    #[failure(
        "the record's key is missing, empty or not text; the producer must set it to the entity's id",
        code = "key_missing",
        remedy = "Have the producer send the event again under its entity's id; end the letter."
    )]
    Key,
    /// The event's time cannot be read.
    #[failure(
        "the record's header {TIME_HEADER}, or its timestamp where it has no such header, is not a time of RFC 3339; the producer must correct it",
        code = "event_time_unreadable",
        remedy = "Have the producer send the event again with its time in the header `ce_time`; end the letter."
    )]
    Time,
}
