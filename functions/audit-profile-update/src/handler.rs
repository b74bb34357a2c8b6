//! The handler: decodes each profile update, checks it, and appends it to the audit log.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use avro_decode::Limits;
use dynamodb::{Appended, TableError};
use event_runtime::{
    AvroReader, Clock, Effect, Fault, Intent, RawRecord, RecordHandler, Stage, SystemClock, WriterSchemas,
};
use schema_registry::{FrameFormat, PlanCache, Schemas};

use crate::Value;
use crate::error::EventError;
use crate::event::ProfileUpdated;

/// `CloudEvents` over Kafka, binary mode: the event's id.
const ID_HEADER: &str = "ce_id";

/// The audit log.
pub trait AuditLog: Send + Sync {
    /// Appends an update unless its event id is in the log already.
    fn append(&self, update: &Update<'_>) -> impl Future<Output = Result<Appended, TableError>> + Send;
}

/// An update, and the place that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update<'a> {
    /// The event.
    pub event: ProfileUpdated<'a>,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// What a record is to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<'a> {
    /// Skipped, with a reason from a bounded set.
    Skipped(&'static str),
    /// An update to append.
    Updated(Update<'a>),
}

/// Writes each profile update into the audit log once.
pub struct AuditUpdates<L> {
    updates: AvroReader<Value>,
    log: L,
    retention: Option<Duration>,
    clock: Arc<dyn Clock>,
}

impl<L: AuditLog> AuditUpdates<L> {
    /// Reads values with the schemas of a registry. Updates older than `retention` are skipped: DynamoDB would delete
    /// their entry at once, and with it the id that refuses a repetition.
    pub fn new(schemas: &Arc<dyn Schemas>, values: FrameFormat, log: L, retention: Option<Duration>) -> Self {
        let plans = PlanCache::new(Arc::clone(schemas), Limits::default());
        let updates = AvroReader::of_values(values, plans);
        AuditUpdates { updates, log, retention, clock: Arc::new(SystemClock) }
    }

    fn is_past_retention(&self, event: &ProfileUpdated<'_>) -> bool {
        let age = i128::from(self.clock.now().0) - i128::from(event.changed_at.as_millisecond());
        self.retention.is_some_and(|retention| i128::try_from(retention.as_millis()).is_ok_and(|kept| age >= kept))
    }
}

fn checked(event: &ProfileUpdated<'_>, record: &RawRecord<'_>) -> Result<(), EventError> {
    event.check()?;
    match record.headers.get_last(ID_HEADER)? {
        Some(id) if id != event.event_id.as_bytes() => Err(EventError::IdsDiffer),
        Some(_) | None => Ok(()),
    }
}

impl<L: AuditLog> RecordHandler for AuditUpdates<L> {
    type Event<'de> = Seen<'de>;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen<'de>, Fault> {
        self.updates.ready(&record).await?;
        let Some(event) = self.updates.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        checked(&event, &record).map_err(|error| Fault::new(Stage::Decode, error))?;
        if self.is_past_retention(&event) {
            return Ok(Seen::Skipped("past_retention"));
        }
        let RawRecord { topic, partition, offset, .. } = record;
        Ok(Seen::Updated(Update { event, topic, partition, offset }))
    }

    fn schemas(&self, record: &RawRecord<'_>) -> WriterSchemas {
        WriterSchemas { key: None, value: self.updates.schema(record) }
    }

    fn intent(&self, seen: &Self::Event<'_>) -> Result<Intent, Fault> {
        Ok(match seen {
            Seen::Skipped(reason) => Intent::Skip(reason),
            Seen::Updated(_) => Intent::Conditional,
        })
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        match seen {
            Seen::Skipped(_) => Ok(Effect::Done),
            Seen::Updated(update) => Ok(self.log.append(update).await?.into()),
        }
    }
}
