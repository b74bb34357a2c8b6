//! Reading keys and values: frame, writer schema, plan, struct; and what each failure of that proves.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use avro_decode::{AvroType, DecodeError};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use kafka_events::{HeaderError, SchemaMetadataError};
use schema_registry::{
    Clues, Frame, FrameError, FrameFormat, KEY_SCHEMA_HEADER, PlanCache, PlanError, RegistryErrorKind, SchemaRef,
    VALUE_SCHEMA_HEADER, split,
};

use crate::clock::{Clock, SystemClock, UnixMillis};
use crate::failure::{Blame, Disposition, Failure, Fault, Stage};
use crate::handler::RawRecord;

/// A schema that a healthy registry does not know may only not have reached all of its nodes yet, so a record younger
/// than this waits for it.
const NOT_FOUND_GRACE: Duration = Duration::from_secs(30);

/// Which half of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The key.
    Key,
    /// The value.
    Value,
}

/// Done at once where the schema is known; see [`AvroReader::ready`].
pub type SchemaReady<'a> = Either<Ready<Result<(), Fault>>, BoxFuture<'a, Result<(), Fault>>>;

/// Reads one side of records as `T`, whatever schema version they were written with.
pub struct AvroReader<T: AvroType> {
    side: Side,
    format: FrameFormat,
    plans: PlanCache<T>,
    clock: Arc<dyn Clock>,
}

impl<T: AvroType> AvroReader<T> {
    /// A reader of keys.
    pub fn of_keys(format: FrameFormat, plans: PlanCache<T>) -> Self {
        AvroReader { side: Side::Key, format, plans, clock: Arc::new(SystemClock) }
    }

    /// A reader of values.
    pub fn of_values(format: FrameFormat, plans: PlanCache<T>) -> Self {
        AvroReader { side: Side::Value, format, plans, clock: Arc::new(SystemClock) }
    }

    /// Makes sure that the record's schema is at hand. Costs nothing for a schema that was met before; else it is
    /// fetched and compiled.
    ///
    /// Apart from [`AvroReader::read`] so that no future names the type that is read: one that did could not be sent
    /// between threads (rust-lang/rust issue 100013).
    ///
    /// # Errors
    /// `Retry` while the registry cannot be asked, or does not know the schema of a record younger than 30 s;
    /// `DeadLetter` where the schema cannot be told, had, or read as `T`.
    pub fn ready<'a>(&'a self, record: &RawRecord<'a>) -> SchemaReady<'a> {
        let Some(bytes) = self.bytes(record) else { return Either::Left(ready(Ok(()))) };
        let schema = match self.frame(record, bytes) {
            Ok(frame) => frame.schema,
            Err(error) => return Either::Left(ready(Err(fault(error)))),
        };
        let young = self.is_young(record);
        let judge = move |error| fault(ReadError::Plan { error, young });
        match self.plans.known(schema) {
            Some(plan) => Either::Left(ready(plan.map(drop).map_err(judge))),
            None => Either::Right(async move { self.plans.plan(schema).await.map(drop).map_err(judge) }.boxed()),
        }
    }

    /// The key or value; `None` where the record has none. Its schema must be [ready](AvroReader::ready).
    ///
    /// # Errors
    /// `DeadLetter` where the bytes cannot be read.
    pub fn read<'de>(&self, record: &RawRecord<'de>) -> Result<Option<T::Of<'de>>, Fault> {
        let Some(bytes) = self.bytes(record) else { return Ok(None) };
        let frame = self.frame(record, bytes).map_err(fault)?;
        let plan = match self.plans.known(frame.schema) {
            Some(Ok(plan)) => plan,
            Some(Err(error)) => return Err(fault(ReadError::Plan { error, young: false })),
            None => return Err(fault(ReadError::NotReady(frame.schema))),
        };
        let body = match frame.body {
            Cow::Borrowed(body) => body,
            Cow::Owned(inflated) => {
                let room = match self.side {
                    Side::Key => &record.inflated.key,
                    Side::Value => &record.inflated.value,
                };
                room.get_or_init(|| inflated)
            }
        };
        plan.decode(body).map(Some).map_err(|error| fault(ReadError::Decode { schema: frame.schema, error }))
    }

    /// The writer schema that the record names, as far as its bytes tell: for logs and dead letters.
    pub fn schema(&self, record: &RawRecord<'_>) -> Option<String> {
        let bytes = self.bytes(record)?;
        self.frame(record, bytes).ok().map(|frame| frame.schema.to_string())
    }

    fn bytes<'de>(&self, record: &RawRecord<'de>) -> Option<&'de [u8]> {
        match self.side {
            Side::Key => record.key,
            Side::Value => record.value,
        }
    }

    fn frame<'de>(&self, record: &RawRecord<'de>, bytes: &'de [u8]) -> Result<Frame<'de>, ReadError> {
        let (name, metadata) = match self.side {
            Side::Key => (KEY_SCHEMA_HEADER, record.key_schema),
            Side::Value => (VALUE_SCHEMA_HEADER, record.value_schema),
        };
        let header = if self.format.looks_at_headers() { record.headers.get_last(name)? } else { None };
        let metadata_id = match metadata {
            Some(metadata) if self.format.looks_at_metadata() => metadata.schema_id()?,
            _ => None,
        };
        let clues = Clues { header: header.as_deref(), metadata_id: metadata_id.as_deref() };
        Ok(split(self.format, bytes, clues)?)
    }

    fn is_young(&self, record: &RawRecord<'_>) -> bool {
        // Without a timestamp its age is unknown: waiting could be for ever.
        u64::try_from(record.timestamp)
            .is_ok_and(|timestamp| self.clock.now().since(UnixMillis(timestamp)) < NOT_FOUND_GRACE)
    }
}

fn fault(error: ReadError) -> Fault {
    Fault::new(Stage::Decode, error)
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("no writer schema can be told")]
    Frame(#[from] FrameError),
    #[error("the headers cannot be read")]
    Headers(#[from] HeaderError),
    #[error("the event's schema metadata cannot be read")]
    Metadata(#[from] SchemaMetadataError),
    #[error("the record cannot be read yet or at all")]
    Plan {
        #[source]
        error: PlanError,
        young: bool,
    },
    #[error("schema {0} was not made ready before reading, or has left the cache since")]
    NotReady(SchemaRef),
    #[error("the bytes are not what schema {schema} says")]
    Decode {
        schema: SchemaRef,
        #[source]
        error: DecodeError,
    },
}

impl Failure for ReadError {
    fn disposition(&self) -> Disposition {
        match self {
            ReadError::Plan { error: PlanError::Registry(error), young } => {
                let not_yet = *young && error.kind() == RegistryErrorKind::NotFound;
                if error.is_transient() || not_yet {
                    Disposition::Retry { after: error.retry_after() }
                } else {
                    Disposition::DeadLetter
                }
            }
            ReadError::NotReady(_) => Disposition::Retry { after: None },
            ReadError::Frame(_)
            | ReadError::Headers(_)
            | ReadError::Metadata(_)
            | ReadError::Plan { error: PlanError::Schema(..) | PlanError::Resolve(..), .. }
            | ReadError::Decode { .. } => Disposition::DeadLetter,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ReadError::Frame(error) => error.code(),
            ReadError::Headers(error) => error.code(),
            ReadError::Metadata(error) => error.code(),
            ReadError::Plan { error, .. } => error.code(),
            ReadError::NotReady(_) => "schema_not_ready",
            ReadError::Decode { error, .. } => error.code(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            // Where every record lacks what the configuration expects, the configuration is wrong.
            ReadError::Frame(FrameError::HeaderMissing | FrameError::MetadataMissing)
            | ReadError::Plan { .. }
            | ReadError::NotReady(_) => Blame::Deployment,
            ReadError::Frame(_) | ReadError::Headers(_) | ReadError::Metadata(_) | ReadError::Decode { .. } => {
                Blame::Record
            }
        }
    }
}
