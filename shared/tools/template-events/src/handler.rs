//! The handler: decodes each event and appends it to the log.

use std::sync::Arc;

use avro_decode::Limits;
use dynamodb::keys::{EARLIEST_TIME, Precision, sortable_time};
use dynamodb::{AppendOnlyTable, Entry};
use event_runtime::{AvroReader, Effect, Fault, Intent, RawRecord, RecordHandler, Stage, WriterSchemas};
use jiff::Timestamp;
use schema_registry::{FrameFormat, PlanCache, Schemas};

use crate::Value;
use crate::error::{EventError, MAX_ID_BYTES, MAX_KEY_BYTES};
use crate::event::Event;

/// `CloudEvents` over Kafka, binary mode: the event's id.
const ID_HEADER: &str = "ce_id";
/// The event's time, RFC 3339.
const TIME_HEADER: &str = "ce_time";

/// Appends each event once.
pub struct LogEvents {
    events: AvroReader<Value>,
    log: AppendOnlyTable,
}

/// What a record is to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<'a> {
    /// Skipped, with a reason from a bounded set.
    Skipped(&'static str),
    /// An event to append.
    Happened {
        /// The event's id: published twice, the event has the same id.
        id: String,
        /// The id of the event's entity.
        entity: &'a str,
        /// The event's time, as text that sorts like the time.
        at: String,
        /// The event.
        event: Event,
    },
}

impl LogEvents {
    /// Reads values with the schemas of a registry.
    pub fn new(schemas: &Arc<dyn Schemas>, values: FrameFormat, log: AppendOnlyTable) -> Self {
        let plans = PlanCache::new(Arc::clone(schemas), Limits::default());
        LogEvents { events: AvroReader::of_values(values, plans), log }
    }
}

fn id(record: &RawRecord<'_>) -> Result<String, EventError> {
    let id = record.headers.get_last(ID_HEADER)?.and_then(|id| String::from_utf8(id).ok());
    id.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len())).ok_or(EventError::Id)
}

/// The keys of domain events are plain text, without a frame.
fn entity<'a>(record: &RawRecord<'a>) -> Result<&'a str, EventError> {
    let key = record.key.and_then(|key| std::str::from_utf8(key).ok());
    key.filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len())).ok_or(EventError::Key)
}

fn at(record: &RawRecord<'_>) -> Result<String, EventError> {
    time_of(record.headers.get_last(TIME_HEADER)?.as_deref(), record.timestamp)
}

/// The event's time: its header `ce_time`. `CloudEvents` lets a producer leave the header out; then it is the record's
/// timestamp, the time of sending, which differs when the event is published again.
fn time_of(header: Option<&[u8]>, timestamp: i64) -> Result<String, EventError> {
    let at = match header {
        Some(header) => std::str::from_utf8(header).ok().and_then(|text| text.parse().ok()),
        None => Timestamp::from_millisecond(timestamp).ok(),
    };
    let at = at.filter(|at| *at >= EARLIEST_TIME).ok_or(EventError::Time)?;
    Ok(sortable_time(at, Precision::Milliseconds))
}

impl RecordHandler for LogEvents {
    type Event<'de> = Seen<'de>;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen<'de>, Fault> {
        let in_decode = |error| Fault::new(Stage::Decode, error);
        self.events.ready(&record).await?;
        let Some(event) = self.events.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        let id = id(&record).map_err(in_decode)?;
        let entity = entity(&record).map_err(in_decode)?;
        let at = at(&record).map_err(in_decode)?;
        Ok(Seen::Happened { id, entity, at, event })
    }

    fn schemas(&self, record: &RawRecord<'_>) -> WriterSchemas {
        WriterSchemas { key: None, value: self.events.schema(record) }
    }

    fn intent(&self, seen: &Self::Event<'_>) -> Result<Intent, Fault> {
        Ok(match seen {
            Seen::Skipped(reason) => Intent::Skip(reason),
            // The effect is guarded by its own condition. An effect without one needs a claim: see send-welcome-email.
            Seen::Happened { .. } => Intent::Conditional,
        })
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        let Seen::Happened { id, entity, at, event } = seen else { return Ok(Effect::Done) };
        let entry = Entry {
            partition: format!("entity#{entity}"),
            sort: format!("{at}#{id}"),
            id: id.clone(),
            content: event.digest(),
            attributes: event.attributes(),
            expires_at: None,
        };
        Ok(self.log.append_once(entry).await?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAPPENED_MS: i64 = 1_795_166_100_250;

    #[test]
    fn the_time_is_that_of_the_event_and_not_of_sending() {
        let header = Some(b"2026-11-20T09:15:00.25Z".as_slice());
        for timestamp in [HAPPENED_MS, HAPPENED_MS + 86_400_000, -1] {
            assert_eq!(time_of(header, timestamp).unwrap(), "2026-11-20T09:15:00.250Z");
        }
        assert_eq!(time_of(Some(b"2026-11-20T10:15:00.250+01:00"), -1).unwrap(), "2026-11-20T09:15:00.250Z");
    }

    #[test]
    fn without_a_header_the_time_is_that_of_sending() {
        assert_eq!(time_of(None, HAPPENED_MS).unwrap(), "2026-11-20T09:15:00.250Z");
    }

    #[test]
    fn a_header_that_is_not_a_time_is_refused() {
        for unreadable in ["", "yesterday", "2026-11-20", "1795166100250", "-000001-01-01T00:00:00Z"] {
            let refused = time_of(Some(unreadable.as_bytes()), HAPPENED_MS).unwrap_err();
            assert!(matches!(refused, EventError::Time), "{unreadable}");
        }
        assert!(matches!(time_of(Some(&[0xff]), HAPPENED_MS), Err(EventError::Time)));
    }
}
