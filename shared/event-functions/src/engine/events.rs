//! Domain events: bytes to [`Event`], for an [`EventHandler`].

use std::sync::Arc;

use avro_decode::Limits;
use event_runtime::{AvroReader, Effect, Failed, Fault, Intent, RawRecord, RecordHandler};
use schema_registry::{Frames, PlanCache, Schemas};

use super::skip_reason::TOMBSTONE;
use crate::RowOf;
use crate::handlers::event::Event;
use crate::handlers::event_handler::EventHandler;

/// Reads events for a handler. Their keys are plain text and not read with a schema.
pub(crate) struct EventRecords<H: EventHandler> {
    events: AvroReader<H::Data>,
    handler: H,
}

impl<H: EventHandler> EventRecords<H> {
    pub(crate) fn new(handler: H, schemas: &Arc<dyn Schemas>, frames: Frames) -> Self {
        let plans = PlanCache::new(Arc::clone(schemas), Limits::default());
        EventRecords { events: AvroReader::of_values(frames.values, plans), handler }
    }
}

/// What a handler decides about an event; `None` is a record without a value.
pub(crate) fn decide<H: EventHandler>(
    handler: &H,
    read: Option<Event<'_, RowOf<'_, H::Data>>>,
) -> Result<Intent<H::Work>, Failed> {
    match read {
        None => Ok(Intent::Skip(TOMBSTONE)),
        Some(event) => Ok(handler.decide(event)?.into_intent()),
    }
}

impl<H: EventHandler> RecordHandler for EventRecords<H> {
    type Read<'de> = Option<Event<'de, RowOf<'de, H::Data>>>;
    type Work = H::Work;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.events.ready(&record).await?;
        Ok(self.events.read(&record)?.map(|data| Event { data, record }))
    }

    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<H::Work>, Failed> {
        decide(&self.handler, read)
    }

    async fn perform(&self, work: H::Work) -> Result<Effect, Failed> {
        self.handler.perform(work).await
    }
}
