//! The handler: decodes each change of a document and writes the document if it is newer.

use std::sync::Arc;
use std::time::Duration;

use avro_decode::Limits;
use debezium::mongodb::{DocumentError, document_id};
use debezium::types::Json;
use debezium::{Change, Op, RowVersion};
use dynamodb::keys::MAX_PARTITION_KEY_BYTES;
use dynamodb::{Columns, VersionedTable, attribute, number};
use event_runtime::{
    AvroReader, Blame, Clock, Disposition, Effect, Failure, Fault, Intent, RawRecord, RecordHandler, Stage,
    SystemClock, WriterSchemas,
};
use schema_registry::{Frames, PlanCache, Schemas};

use crate::document::{Document, DocumentKey};
use crate::{Key, Value};

/// How long the version of a deleted document is kept: longer than any change may be late.
pub const TOMBSTONE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Keeps the newest version of each document.
pub struct KeepDocuments {
    frames: Frames,
    keys: AvroReader<Key>,
    changes: AvroReader<Value>,
    documents: VersionedTable,
    epoch: u64,
}

/// What a record is to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Skipped, with a reason from a bounded set.
    Skipped(&'static str),
    /// A version of a document.
    Changed {
        /// The document's `_id`.
        id: String,
        /// Which version.
        version: RowVersion,
        /// The document; `None` when it was deleted.
        document: Option<Document>,
    },
}

impl KeepDocuments {
    /// Reads records with the schemas of a registry; `epoch` is the first part of every version.
    pub fn new(schemas: &Arc<dyn Schemas>, frames: Frames, documents: VersionedTable, epoch: u64) -> Self {
        let limits = Limits::default();
        KeepDocuments {
            frames,
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(schemas), limits)),
            changes: AvroReader::of_values(frames.values, PlanCache::new(Arc::clone(schemas), limits)),
            documents,
            epoch,
        }
    }
}

/// The document after a change: `None` when it was deleted, or a reason to skip the record.
fn document_after(change: &Change<'_, Json<'_>>) -> Result<Result<Option<Document>, &'static str>, Rejected> {
    Ok(match (change.op(), change.after()) {
        (Op::Create | Op::Read | Op::Update, Some(json)) => Ok(Some(json.document().map_err(Rejected::Document)?)),
        (Op::Create | Op::Read, None) => return Err(Rejected::DocumentMissing),
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

fn id_of(key: Option<DocumentKey<'_>>) -> Result<String, Rejected> {
    let id = document_id(key.ok_or(Rejected::KeyMissing)?.id).map_err(Rejected::Key)?;
    if id.is_empty() || id.len() > MAX_PARTITION_KEY_BYTES { Err(Rejected::KeyMissing) } else { Ok(id) }
}

impl RecordHandler for KeepDocuments {
    type Event<'de> = Seen;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        let in_decode = |error| Fault::new(Stage::Decode, error);
        self.changes.ready(&record).await?;
        // An unreadable key is an error only where the key is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(change) = self.changes.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        let document = match document_after(&change).map_err(in_decode)? {
            Ok(document) => document,
            Err(reason) => return Ok(Seen::Skipped(reason)),
        };
        key_is_ready?;
        let id = id_of(self.keys.read(&record)?).map_err(in_decode)?;
        let version = change.row_version(self.epoch).ok_or(Rejected::VersionMissing).map_err(in_decode)?;
        Ok(Seen::Changed { id, version, document })
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
        let Seen::Changed { id, version, document } = seen else { return Ok(Effect::Done) };
        let columns = document.as_ref().map_or_else(tombstone, Document::columns);
        Ok(self.documents.put_if_newer(id, columns, version).await?.into())
    }
}

/// A deleted document leaves a tombstone with its version: otherwise a late change would bring the document back.
fn tombstone() -> Columns {
    Columns::new().with(attribute::EXPIRES_AT, number(SystemClock.now().plus(TOMBSTONE).0 / 1000))
}

/// A record that cannot be stored. Holds nothing of the document.
#[derive(Debug, thiserror::Error)]
enum Rejected {
    #[error(
        "the record's key is missing, empty or longer than {MAX_PARTITION_KEY_BYTES} bytes; check the connector: it must send the document's _id"
    )]
    KeyMissing,
    #[error("the record's key is not extended JSON with an id")]
    Key(#[source] DocumentError),
    #[error("the document does not have the fields that this function reads; correct it in MongoDB")]
    Document(#[source] DocumentError),
    #[error("the change is an insert or a snapshot read, but has no document; check the connector")]
    DocumentMissing,
    #[error(
        "the record's source has no position of MongoDB, so the document's version is unknown; check that the mapping reads the right topic"
    )]
    VersionMissing,
}

impl Failure for Rejected {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        match self {
            Rejected::KeyMissing => "key_missing",
            Rejected::Key(_) => "key_malformed",
            Rejected::Document(_) => "document_malformed",
            Rejected::DocumentMissing => "document_missing",
            Rejected::VersionMissing => "version_missing",
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Rejected::VersionMissing => Blame::Deployment,
            Rejected::KeyMissing | Rejected::Key(_) | Rejected::Document(_) | Rejected::DocumentMissing => {
                Blame::Record
            }
        }
    }
}
