//! Which record has an effect, and which one.

use std::sync::Arc;

use avro_decode::Limits;
use effects_dynamodb::{AppendOnlyTable, Entry};
use event_runtime::{AvroReader, Effect, Fault, Intent, RawRecord, RecordHandler, Stage, WriterSchemas};
use jiff::Timestamp;
use schema_registry::{FrameFormat, PlanCache, Schemas};

use crate::Value;
use crate::error::{EventError, MAX_ID_BYTES, MAX_KEY_BYTES};
use crate::event::Event;

/// `CloudEvents` over Kafka, binary mode: the event's id.
const ID_HEADER: &str = "ce_id";

/// Appends each event once.
pub struct LogEvents {
    events: AvroReader<Value>,
    log: AppendOnlyTable,
}

/// What a record means to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<'a> {
    /// Nothing, for a reason from a bounded set.
    Skipped(&'static str),
    /// Something happened.
    Happened {
        /// Names the event for ever: published twice it has the same id.
        id: String,
        /// To what: the id of the event's entity.
        entity: &'a str,
        /// When, as text that sorts like the time.
        at: String,
        /// What.
        event: Event,
    },
}

impl LogEvents {
    /// Reads frames by the schemas of a registry.
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

/// When it happened: a producer sets the record's timestamp to that.
fn at(record: &RawRecord<'_>) -> Result<String, EventError> {
    const YEAR_0_MS: i64 = -62_167_219_200_000;
    let in_range = Some(record.timestamp).filter(|at| *at >= YEAR_0_MS);
    let at = in_range.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or(EventError::Time)?;
    Ok(format!("{at:.3}"))
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
            // The effect's own condition guards it. One that cannot be made conditional needs a claim: see
            // send-welcome-email.
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
