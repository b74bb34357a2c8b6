//! The handler: decodes each change of a row and writes the row if it is newer.

use std::sync::Arc;
use std::time::Duration;

use avro_decode::Limits;
use debezium::{KeyError, Op, RowKey, RowVersion};
use dynamodb::{Columns, VersionedTable, attribute, number};
use event_runtime::{
    AvroReader, Blame, Clock, Disposition, Effect, Failure, Fault, Intent, RawRecord, RecordHandler, Stage,
    SystemClock, WriterSchemas,
};
use schema_registry::{Frames, PlanCache, Schemas};

use crate::row::Row;
use crate::{Key, Value};

/// How long the version of a deleted row is kept: longer than any change may be late.
pub const TOMBSTONE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Keeps the newest version of each row.
pub struct KeepRows {
    frames: Frames,
    keys: AvroReader<Key>,
    changes: AvroReader<Value>,
    rows: VersionedTable,
    epoch: u64,
}

/// What a record is to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Skipped, with a reason from a bounded set.
    Skipped(&'static str),
    /// A version of a row.
    Changed {
        /// The primary key.
        key: String,
        /// Which version.
        version: RowVersion,
        /// The row; `None` when it was deleted.
        row: Option<Row>,
    },
}

impl KeepRows {
    /// Reads records with the schemas of a registry; `epoch` is the first part of every version.
    pub fn new(schemas: &Arc<dyn Schemas>, frames: Frames, rows: VersionedTable, epoch: u64) -> Self {
        let limits = Limits::default();
        KeepRows {
            frames,
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(schemas), limits)),
            changes: AvroReader::of_values(frames.values, PlanCache::new(Arc::clone(schemas), limits)),
            rows,
            epoch,
        }
    }
}

impl RecordHandler for KeepRows {
    type Event<'de> = Seen;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        self.changes.ready(&record).await?;
        // An unreadable key is an error only where the key is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(change) = self.changes.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        match change.op() {
            Op::Create | Op::Read | Op::Update | Op::Delete => {}
            Op::Truncate => return Ok(Seen::Skipped("truncate")),
            Op::Message => return Ok(Seen::Skipped("message")),
            Op::Unknown if change.is_heartbeat() => return Ok(Seen::Skipped("heartbeat")),
            Op::Unknown if change.is_transaction_marker() => return Ok(Seen::Skipped("transaction")),
            Op::Unknown => return Ok(Seen::Skipped("unknown_operation")),
        }
        key_is_ready?;
        let key = RowKey::of(self.keys.read(&record)?.as_ref());
        let key = key.map_err(|error| Fault::new(Stage::Decode, NoKey(error)))?;
        let version = change.row_version(self.epoch);
        let version = version.ok_or(NoVersion).map_err(|error| Fault::new(Stage::Decode, error))?;
        Ok(Seen::Changed { key: key.as_str().to_owned(), version, row: change.into_after() })
    }

    fn schemas(&self, record: &RawRecord<'_>) -> WriterSchemas {
        WriterSchemas { key: self.keys.schema(record), value: self.changes.schema(record) }
    }

    fn order_key<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        self.frames.keys.order_key(key)
    }

    fn intent(&self, seen: &Self::Event<'_>) -> Result<Intent, Fault> {
        Ok(match seen {
            Seen::Skipped(reason) => Intent::Skip(reason),
            // The effect is guarded by its own condition. An effect without one needs a claim: see send-welcome-email.
            Seen::Changed { .. } => Intent::Conditional,
        })
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        let Seen::Changed { key, version, row } = seen else { return Ok(Effect::Done) };
        let columns = row.as_ref().map_or_else(tombstone, Row::columns);
        Ok(self.rows.put_if_newer(key, columns, version).await?.into())
    }
}

/// A deleted row leaves a tombstone with its version: otherwise a late change would bring the row back.
fn tombstone() -> Columns {
    Columns::new().with(attribute::EXPIRES_AT, number(SystemClock.now().plus(TOMBSTONE).0 / 1000))
}

#[derive(Debug, thiserror::Error)]
#[error("the record's key does not identify a row")]
struct NoKey(#[source] KeyError);

impl Failure for NoKey {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        match self.0 {
            KeyError::Missing | KeyError::Empty { .. } => "key_missing",
            KeyError::Type { .. } | KeyError::TooLong { .. } => "key_unsupported",
        }
    }
    fn blame(&self) -> Blame {
        match self.0 {
            KeyError::Missing | KeyError::Empty { .. } | KeyError::TooLong { .. } => Blame::Record,
            KeyError::Type { .. } => Blame::Deployment,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the record's source has no position in the database's log, so the row's version is unknown; check that the mapping reads the right topic"
)]
struct NoVersion;

impl Failure for NoVersion {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "version_missing"
    }
}
