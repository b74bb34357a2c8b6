//! Records whose rows or data a test makes up: the same handler behind the same processor, without bytes.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use avro_decode::AvroType;
use debezium::{Op, Source};
use event_runtime::{Effect, Failed, Fault, Intent, RawRecord, RecordHandler};

use crate::RowOf;
use crate::engine::changes::{self, ReadChange};
use crate::engine::events;
use crate::engine::skip_reason::skip_reason;
use crate::handlers::change::Change;
use crate::handlers::change_handler::ChangeHandler;
use crate::handlers::event::Event;
use crate::handlers::event_handler::EventHandler;
use crate::handlers::row_key::ChangeKey;

/// What a test made up, by the offset of the record that stands for it.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<HashMap<i64, Box<dyn Any + Send>>>>);

impl Inbox {
    pub(crate) fn put(&self, offset: i64, made_up: Box<dyn Any + Send>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(offset, made_up);
    }

    fn take<T: 'static>(&self, record: &RawRecord<'_>) -> T {
        let made_up = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&record.offset);
        match made_up.and_then(|made_up| made_up.downcast::<T>().ok()) {
            Some(made_up) => *made_up,
            None => panic!("the function reads another type than the one that the test made up"),
        }
    }
}

/// A handler of records that a test makes up.
pub(crate) trait TakesTyped {
    fn inbox(&self) -> Inbox;
}

/// A made-up change.
pub(crate) struct MadeUp<R> {
    pub(crate) op: Op,
    pub(crate) key: String,
    pub(crate) of_mongodb: bool,
    pub(crate) version: i64,
    pub(crate) after: Option<R>,
}

// `Of<'static>` is not known to be `'static`, and `Any` wants that; these are, because the row's type is.
pub(crate) struct MadeUpChange<T: AvroType>(pub(crate) MadeUp<RowOf<'static, T>>);
pub(crate) struct MadeUpData<T: AvroType>(pub(crate) RowOf<'static, T>);

/// Made-up changes.
pub(crate) struct TypedChanges<H> {
    handler: H,
    inbox: Inbox,
}

impl<H> TypedChanges<H> {
    pub(crate) fn new(handler: H) -> Self {
        TypedChanges { handler, inbox: Inbox::default() }
    }
}

impl<H> TakesTyped for TypedChanges<H> {
    fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }
}

impl<H: ChangeHandler> RecordHandler for TypedChanges<H> {
    type Read<'de> = ReadChange<'de, RowOf<'static, H::Row>>;
    type Work = H::Work;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        let MadeUpChange(made_up) = self.inbox.take::<MadeUpChange<H::Row>>(&record);
        let key = match made_up.of_mongodb {
            true => ChangeKey::of_id(made_up.key),
            false => ChangeKey::of_row(Some(&avro_decode::Value::String(made_up.key.as_str().into()))),
        };
        let source = match made_up.of_mongodb {
            true => {
                let (ts_ms, ord) = (Some(made_up.version), Some(1));
                Source { connector: Some("mongodb"), ts_ms, ord, ..Source::default() }
            }
            false => Source { connector: Some("postgresql"), lsn: Some(made_up.version), ..Source::default() },
        };
        let envelope = debezium::Change::new(made_up.op, made_up.after, source);
        if let Some(reason) = skip_reason(&envelope, H::ACTS_ON) {
            return Ok(ReadChange::Skipped(reason));
        }
        Ok(ReadChange::Changed(Change { envelope, key, record }))
    }

    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<H::Work>, Failed> {
        changes::decide(&self.handler, read)
    }

    async fn perform(&self, work: H::Work) -> Result<Effect, Failed> {
        self.handler.perform(work).await
    }
}

/// Made-up events.
pub(crate) struct TypedEvents<H> {
    handler: H,
    inbox: Inbox,
}

impl<H> TypedEvents<H> {
    pub(crate) fn new(handler: H) -> Self {
        TypedEvents { handler, inbox: Inbox::default() }
    }
}

impl<H> TakesTyped for TypedEvents<H> {
    fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }
}

impl<H: EventHandler> RecordHandler for TypedEvents<H> {
    type Read<'de> = Option<Event<'de, RowOf<'static, H::Data>>>;
    type Work = H::Work;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        let MadeUpData(data) = self.inbox.take::<MadeUpData<H::Data>>(&record);
        Ok(Some(Event { data, record }))
    }

    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<H::Work>, Failed> {
        events::decide(&self.handler, read)
    }

    async fn perform(&self, work: H::Work) -> Result<Effect, Failed> {
        self.handler.perform(work).await
    }
}

/// Records of any kind have no typed form: their bytes are delivered.
pub(crate) struct Untyped<R>(pub(crate) R);

impl<R> TakesTyped for Untyped<R> {
    fn inbox(&self) -> Inbox {
        Inbox::default()
    }
}

impl<R: RecordHandler> RecordHandler for Untyped<R> {
    type Read<'de> = R::Read<'de>;
    type Work = R::Work;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.0.read(record).await
    }

    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<R::Work>, Failed> {
        self.0.decide(read)
    }

    async fn perform(&self, work: R::Work) -> Result<Effect, Failed> {
        self.0.perform(work).await
    }
}
