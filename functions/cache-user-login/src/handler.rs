//! The handler: decodes each change of a login document and writes the document's row if it is newer.

use std::future::Future;
use std::sync::Arc;

use avro_decode::Limits;
use debezium::types::Json;
use debezium::{Change, Op};
use dynamodb::{Put, TableError};
use event_runtime::{AvroReader, Effect, Fault, Intent, RawRecord, RecordHandler, Stage, WriterSchemas};
use schema_registry::{Frames, PlanCache, Schemas};

use crate::document::{Login, LoginError, Row, row_id};
use crate::{Key, Value};

/// The table of login rows.
pub trait Logins: Send + Sync {
    /// Writes `row` if its version is strictly newer than the stored one.
    fn keep(&self, row: &Row) -> impl Future<Output = Result<Put, TableError>> + Send;
}

/// Keeps the newest version of each login document.
pub struct CacheLogins<L> {
    frames: Frames,
    keys: AvroReader<Key>,
    changes: AvroReader<Value>,
    logins: L,
    epoch: u64,
}

/// What a record is to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Skipped, with a reason from a bounded set.
    Skipped(&'static str),
    /// A version of a document.
    Changed(Row),
}

impl<L: Logins> CacheLogins<L> {
    /// Reads records with the schemas of a registry; `epoch` is the first part of every version.
    pub fn new(schemas: &Arc<dyn Schemas>, frames: Frames, logins: L, epoch: u64) -> Self {
        let limits = Limits::default();
        CacheLogins {
            frames,
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(schemas), limits)),
            changes: AvroReader::of_values(frames.values, PlanCache::new(Arc::clone(schemas), limits)),
            logins,
            epoch,
        }
    }
}

/// The document after a change: the login, `None` when it was deleted, or a reason to skip the record.
fn document_after(change: &Change<'_, Json<'_>>) -> Result<Result<Option<Login>, &'static str>, LoginError> {
    Ok(match (change.op(), change.after()) {
        (Op::Create | Op::Read | Op::Update, Some(document)) => Ok(Some(Login::from_document(*document)?)),
        (Op::Create | Op::Read, None) => return Err(LoginError::DocumentMissing),
        // The connector looks the document up after the change, and it was gone by then: the delete follows.
        (Op::Update, None) => Err("document_gone"),
        (Op::Delete, _) => Ok(None),
        (Op::Truncate, _) => Err("truncate"),
        (Op::Message, _) => Err("message"),
        (Op::Unknown, _) if change.is_heartbeat() => Err("heartbeat"),
        (Op::Unknown, _) if change.is_transaction_marker() => Err("transaction"),
        (Op::Unknown, _) => Err("unknown_operation"),
    })
}

impl<L: Logins> RecordHandler for CacheLogins<L> {
    type Event<'de> = Seen;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        let in_decode = |error| Fault::new(Stage::Decode, error);
        self.changes.ready(&record).await?;
        // An unreadable key is an error only where the key is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(change) = self.changes.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        let login = match document_after(&change).map_err(in_decode)? {
            Ok(login) => login,
            Err(reason) => return Ok(Seen::Skipped(reason)),
        };
        key_is_ready?;
        let id = row_id(self.keys.read(&record)?).map_err(in_decode)?;
        let version = change.row_version(self.epoch).ok_or(LoginError::VersionMissing).map_err(in_decode)?;
        let changed_at_ms = change.source.as_ref().and_then(|source| source.ts_ms).unwrap_or(0);
        Ok(Seen::Changed(Row { id, version, changed_at_ms, login }))
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
            Seen::Changed(_) => Intent::Conditional,
        })
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        match seen {
            Seen::Skipped(_) => Ok(Effect::Done),
            Seen::Changed(row) => Ok(self.logins.keep(row).await?.into()),
        }
    }
}
