//! Reads keys and values: frame, writer schema, plan, struct. Each failure is retried or final.

use std::sync::Arc;

use avro_decode::{AvroType, Plan};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use schema_registry::{
    Body, Frame, FrameFormat, KeyFormat, NoPlanOfText, PlanCache, PlanError, RegistryErrorKind, SchemaRef,
};

use crate::clock::{Clock, SystemClock, UnixMillis};
use crate::failure::{Fault, Stage};
use crate::framing::{frame_of, not_avro};
use crate::raw_record::RawRecord;
use crate::read_error::ReadError;
use crate::side::Side;
use crate::unknown_schemas::{OLDEST_WAITED_FOR, UnknownSchemas};

/// Ready at once where the schema is known; see [`AvroReader::ready`].
pub type SchemaReady<'a> = Either<Ready<Result<(), Fault>>, BoxFuture<'a, Result<(), Fault>>>;

/// Reads one side of records as `T`, written with any schema version that resolves to it.
pub struct AvroReader<T: AvroType> {
    side: Side,
    form: Form<T>,
    plans: PlanCache<T>,
    missed: UnknownSchemas,
    clock: Arc<dyn Clock>,
}

/// The format of one side's bytes.
enum Form<T: AvroType> {
    Framed(FrameFormat),
    /// Plain text, and the plan by which it is read as `T`.
    Text(Result<Plan<T>, NoPlanOfText>),
}

impl<T: AvroType> AvroReader<T> {
    /// A reader of keys. Plain text ([`KeyFormat::Text`]) is read as an Avro string is: as text, or as the
    /// [`Value`](avro_decode::Value) that holds it. A type that is not text cannot be read from it: each record fails
    /// with `key_is_text`.
    pub fn of_keys(format: impl Into<KeyFormat>, plans: PlanCache<T>) -> Self {
        let form = match format.into() {
            KeyFormat::Framed(format) => Form::Framed(format),
            KeyFormat::Text => Form::Text(plans.of_text()),
        };
        AvroReader { side: Side::Key, form, plans, missed: UnknownSchemas::default(), clock: Arc::new(SystemClock) }
    }

    /// A reader of values.
    pub fn of_values(format: FrameFormat, plans: PlanCache<T>) -> Self {
        let (form, missed) = (Form::Framed(format), UnknownSchemas::default());
        AvroReader { side: Side::Value, form, plans, missed, clock: Arc::new(SystemClock) }
    }

    /// Splits the frame, fetches and compiles its schema unless that is known, and inflates a compressed body once there
    /// is room for it. Ready at once for a plain body whose schema is known. A record's frame is split once and its body
    /// inflated once, however often it is asked for.
    ///
    /// Separate from [`AvroReader::read`] so that no future names the type that is read: one that did could not be sent
    /// between threads (rust-lang/rust issue 100013).
    ///
    /// # Errors
    /// `Retry` while the registry cannot be reached, and for 30 s after this process first missed a schema that the registry
    /// does not have (unless the record is older than a week); `DeadLetter` where the frame names no schema, or the schema
    /// cannot be fetched or read as `T`.
    pub fn ready<'a>(&'a self, record: &RawRecord<'a>) -> SchemaReady<'a> {
        let Some(bytes) = record.bytes(self.side) else { return Either::Left(ready(Ok(()))) };
        let format = match &self.form {
            Form::Framed(format) => *format,
            Form::Text(plan) => return Either::Left(ready(plan.as_ref().map(drop).map_err(text_fault))),
        };
        let Frame { schema, body } = match frame_of(self.side, format, record, bytes) {
            Ok(frame) => frame,
            Err(error) => return Either::Left(ready(Err(fault(error)))),
        };
        let timestamp = record.timestamp;
        let judge = move |error| self.no_plan(schema, error, timestamp);
        let known = self.plans.known(schema).map(|plan| plan.map(drop).map_err(judge));
        let RawRecord { frames, key, value, .. } = *record;
        match (known, body) {
            (Some(Ok(())), Body::Plain(_)) => Either::Left(ready(Ok(()))),
            (Some(Err(fault)), _) => Either::Left(ready(Err(fault))),
            (known, body) => Either::Right(
                async move {
                    if known.is_none() {
                        frames.plan(&self.plans, schema).await.map_err(judge)?;
                    }
                    match body {
                        Body::Plain(_) => Ok(()),
                        Body::Zlib(_) => {
                            let inflated = frames.inflate(self.side, body, key, value).await;
                            inflated.map_err(|error| fault(error.into()))
                        }
                    }
                }
                .boxed(),
            ),
        }
    }

    /// The key or value; `None` where the record has none. Its schema must be [ready](AvroReader::ready).
    ///
    /// # Errors
    /// `DeadLetter` where the bytes cannot be read.
    pub fn read<'de>(&self, record: &RawRecord<'de>) -> Result<Option<T::Of<'de>>, Fault> {
        let Some(bytes) = record.bytes(self.side) else { return Ok(None) };
        match &self.form {
            Form::Framed(format) => self.read_framed(*format, record, bytes).map(Some),
            Form::Text(plan) => read_text(plan, record, bytes).map(Some),
        }
    }

    fn read_framed<'de>(
        &self,
        format: FrameFormat,
        record: &RawRecord<'de>,
        bytes: &'de [u8],
    ) -> Result<T::Of<'de>, Fault> {
        let frame = frame_of(self.side, format, record, bytes).map_err(fault)?;
        let plan = match self.plans.known(frame.schema) {
            Some(Ok(plan)) => plan,
            Some(Err(error)) => return Err(fault(ReadError::Plan { error, waited_for: false })),
            None => return Err(fault(ReadError::NotReady(frame.schema))),
        };
        let body = match frame.body {
            Body::Plain(body) => body,
            Body::Zlib(_) => match record.frames.body(self.side) {
                Some(inflated) => inflated,
                None => return Err(fault(ReadError::NotReady(frame.schema))),
            },
        };
        plan.decode(body).map_err(|error| {
            // The mapping has converted the record, whatever schema its metadata names.
            let json = format == FrameFormat::Metadata && body.first() == Some(&b'{');
            fault(if json { not_avro(self.side, "JSON") } else { ReadError::Decode { schema: frame.schema, error } })
        })
    }

    /// A registry that does not have a schema is asked again for a while, unless the record is too old to wait for its
    /// schema. A timestamp that is ahead of the clock, or missing, proves nothing about the age.
    fn no_plan(&self, schema: SchemaRef, error: PlanError, timestamp: i64) -> Fault {
        let unknown = error.registry().is_some_and(|error| error.kind() == RegistryErrorKind::NotFound);
        let sent = u64::try_from(timestamp).unwrap_or(u64::MAX);
        let too_old = self.clock.now().since(UnixMillis(sent)) > OLDEST_WAITED_FOR;
        let waited_for = unknown && !too_old && self.missed.should_wait_for(schema);
        fault(ReadError::Plan { error, waited_for })
    }
}

/// Reads text as an Avro string, which has its length in front.
fn read_text<'de, T: AvroType>(
    plan: &Result<Plan<T>, NoPlanOfText>,
    record: &RawRecord<'de>,
    text: &'de [u8],
) -> Result<T::Of<'de>, Fault> {
    let plan = plan.as_ref().map_err(text_fault)?;
    // Read as text, a frame would give the same key two names once the setting is corrected.
    if matches!(text, [0 | 1 | 3, ..]) || std::str::from_utf8(text).is_err() {
        return Err(fault(ReadError::KeyNotText));
    }
    let datum = record.frames.body_or_make(Side::Key, || {
        let mut datum = Vec::with_capacity(text.len() + 10);
        let mut length = (text.len() as u64) << 1;
        while length >= 0x80 {
            datum.push(length as u8 | 0x80);
            length >>= 7;
        }
        datum.push(length as u8);
        datum.extend_from_slice(text);
        datum
    });
    plan.decode(datum).map_err(|error| fault(ReadError::Text { error }))
}

fn text_fault(error: &NoPlanOfText) -> Fault {
    fault(ReadError::KeyIsText(error.clone()))
}

fn fault(error: ReadError) -> Fault {
    Fault::new(Stage::Decode, error)
}
