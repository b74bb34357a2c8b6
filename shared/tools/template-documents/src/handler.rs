//! Which record has an effect, and which one.

use std::sync::Arc;
use std::time::Duration;

use avro_decode::Limits;
use debezium::mongodb::{DocumentError, document_id};
use debezium::types::Json;
use debezium::{Change, Op, RowVersion};
use dynamodb::{Columns, VersionedTable, attribute, number};
use event_runtime::{
    AvroReader, Blame, Clock, Disposition, Effect, Failure, Fault, Intent, RawRecord, RecordHandler, Stage,
    SystemClock, WriterSchemas,
};
use schema_registry::{Frames, PlanCache, Schemas};

use crate::document::{Document, DocumentKey};
use crate::{Key, Value};

/// How long a deleted document's version is remembered: longer than any late change may arrive.
pub const TOMBSTONE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// What a partition key of DynamoDB holds.
const MAX_KEY_BYTES: usize = 2048;

/// Keeps the newest version of each document.
pub struct KeepDocuments {
    frames: Frames,
    keys: AvroReader<Key>,
    changes: AvroReader<Value>,
    documents: VersionedTable,
    epoch: u64,
}

/// What a record means to this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing, for a reason from a bounded set.
    Skipped(&'static str),
    /// A version of a document; no document once it was deleted.
    Changed {
        /// The document's `_id`.
        id: String,
        /// Which version.
        version: RowVersion,
        /// The document.
        document: Option<Document>,
    },
}

impl KeepDocuments {
    /// Reads frames by the schemas of a registry; `epoch` stands in front of every version.
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

/// What a change leaves of its document: the document, nothing, or a reason to leave the record alone.
fn left(change: &Change<'_, Json<'_>>) -> Result<Result<Option<Document>, &'static str>, NotKept> {
    Ok(match (change.op(), change.after()) {
        (Op::Create | Op::Read | Op::Update, Some(json)) => Ok(Some(json.document().map_err(NotKept::Document)?)),
        (Op::Create | Op::Read, None) => return Err(NotKept::DocumentMissing),
        // The connector looks the document up later, and it was gone by then: its delete follows, with a version.
        (Op::Update, None) => Err("document_gone"),
        (Op::Delete, _) => Ok(None),
        (Op::Truncate, _) => Err("truncate"),
        (Op::Message, _) => Err("message"),
        (Op::Unknown, _) if change.is_heartbeat() => Err("heartbeat"),
        (Op::Unknown, _) if change.is_transaction_marker() => Err("transaction"),
        (Op::Unknown, _) => Err("unknown_operation"),
    })
}

fn id_of(key: Option<DocumentKey<'_>>) -> Result<String, NotKept> {
    let id = document_id(key.ok_or(NotKept::KeyMissing)?.id).map_err(NotKept::Key)?;
    if id.is_empty() || id.len() > MAX_KEY_BYTES { Err(NotKept::KeyMissing) } else { Ok(id) }
}

impl RecordHandler for KeepDocuments {
    type Event<'de> = Seen;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        let in_decode = |error| Fault::new(Stage::Decode, error);
        self.changes.ready(&record).await?;
        // A key that cannot be read matters only where it is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(change) = self.changes.read(&record)? else { return Ok(Seen::Skipped("tombstone")) };
        let document = match left(&change).map_err(in_decode)? {
            Ok(document) => document,
            Err(reason) => return Ok(Seen::Skipped(reason)),
        };
        key_is_ready?;
        let id = id_of(self.keys.read(&record)?).map_err(in_decode)?;
        let version = change.row_version(self.epoch).ok_or(NotKept::VersionMissing).map_err(in_decode)?;
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
            // The effect's own condition guards it. One that cannot be made conditional needs a claim: see
            // send-welcome-email.
            Seen::Changed { .. } => Intent::Conditional,
        })
    }

    async fn handle(&self, seen: &Self::Event<'_>) -> Result<Effect, Fault> {
        let Seen::Changed { id, version, document } = seen else { return Ok(Effect::Done) };
        let columns = document.as_ref().map_or_else(tombstone, Document::columns);
        Ok(self.documents.put_if_newer(id, columns, version).await?.into())
    }
}

/// A deleted document leaves its version behind, or else a late change would bring it back.
fn tombstone() -> Columns {
    Columns::new().with(attribute::EXPIRES_AT, number(SystemClock.now().plus(TOMBSTONE).0 / 1000))
}

/// A record that cannot be kept. Holds nothing of the document.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error("the record has no key that names a document, or one of more than {MAX_KEY_BYTES} bytes")]
    KeyMissing,
    #[error("the record's key cannot be read")]
    Key(#[source] DocumentError),
    #[error("the document is not one that this function reads")]
    Document(#[source] DocumentError),
    #[error("the change says that a document was inserted or read and carries none")]
    DocumentMissing,
    #[error("the record's source says too little to tell which version of the document it is")]
    VersionMissing,
}

impl Failure for NotKept {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        match self {
            NotKept::KeyMissing => "key_missing",
            NotKept::Key(_) => "key_malformed",
            NotKept::Document(_) => "document_malformed",
            NotKept::DocumentMissing => "document_missing",
            NotKept::VersionMissing => "version_missing",
        }
    }

    fn blame(&self) -> Blame {
        match self {
            NotKept::VersionMissing => Blame::Deployment,
            NotKept::KeyMissing | NotKept::Key(_) | NotKept::Document(_) | NotKept::DocumentMissing => Blame::Record,
        }
    }
}
