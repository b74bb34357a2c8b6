//! Changes of rows and documents: bytes to [`Change`], for a [`ChangeHandler`].

use std::sync::Arc;

use avro_decode::{Limits, Value};
use event_runtime::{AvroReader, Effect, Failed, Fault, Intent, RawRecord, RecordHandler};
use schema_registry::{Frames, PlanCache, Schemas};

use super::skip_reason::{TOMBSTONE, skip_reason};
use crate::RowOf;
use crate::handlers::change::{Change, is_of_mongodb};
use crate::handlers::change_handler::ChangeHandler;
use crate::handlers::row_key::ChangeKey;

/// What a record's value is read as.
pub(crate) type Envelope<H> = debezium::Change<'static, <H as ChangeHandler>::Row>;
/// What its key is read as: a primary key of any columns.
pub(crate) type Key = Value<'static>;

/// Reads changes for a handler.
pub(crate) struct ChangeRecords<H: ChangeHandler> {
    keys: AvroReader<Key>,
    changes: AvroReader<Envelope<H>>,
    handler: H,
}

/// A change, or the reason why the handler does not see it.
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved a few times a record, and a box would be allocated for each"
)]
pub(crate) enum ReadChange<'de, R> {
    Skipped(&'static str),
    Changed(Change<'de, R>),
}

impl<H: ChangeHandler> ChangeRecords<H> {
    pub(crate) fn new(handler: H, schemas: &Arc<dyn Schemas>, frames: Frames) -> Self {
        let limits = Limits::default();
        ChangeRecords {
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(schemas), limits)),
            changes: AvroReader::of_values(frames.values, PlanCache::new(Arc::clone(schemas), limits)),
            handler,
        }
    }
}

/// What a handler decides about a change that was read.
pub(crate) fn decide<H: ChangeHandler>(
    handler: &H,
    read: ReadChange<'_, RowOf<'_, H::Row>>,
) -> Result<Intent<H::Work>, Failed> {
    match read {
        ReadChange::Skipped(reason) => Ok(Intent::Skip(reason)),
        ReadChange::Changed(change) => Ok(handler.decide(change)?.into_intent()),
    }
}

impl<H: ChangeHandler> RecordHandler for ChangeRecords<H> {
    type Read<'de> = ReadChange<'de, RowOf<'de, H::Row>>;
    type Work = H::Work;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.changes.ready(&record).await?;
        // A key that cannot be read is an error only where the key is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(envelope) = self.changes.read(&record)? else { return Ok(ReadChange::Skipped(TOMBSTONE)) };
        if let Some(reason) = skip_reason(&envelope, H::ACTS_ON) {
            return Ok(ReadChange::Skipped(reason));
        }
        let key = match key_is_ready.and_then(|()| self.keys.read(&record)) {
            Ok(key) if is_of_mongodb(&envelope) => ChangeKey::of_document(key.as_ref()),
            Ok(key) => ChangeKey::of_row(key.as_ref()),
            Err(fault) => ChangeKey::unreadable(fault),
        };
        Ok(ReadChange::Changed(Change { envelope, key, record }))
    }

    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<H::Work>, Failed> {
        decide(&self.handler, read)
    }

    async fn perform(&self, work: H::Work) -> Result<Effect, Failed> {
        self.handler.perform(work).await
    }
}
