//! Errors of keys and values that cannot be read, or not yet.

use avro_decode::DecodeError;
use kafka_events::{HeaderError, SchemaMetadataError};
use schema_registry::{FrameError, NoPlanOfText, PlanError, SchemaRef};

use crate::failure::{Blame, Disposition, Failure};
use crate::foreign_codes::{BYTES, ELEMENTS, FRAMES, PLANS};
use crate::side::Side;

#[derive(Debug, Clone, Failure)]
#[failure(dead_letter)]
pub(crate) enum ReadError {
    #[failure(
        "the frame does not name a writer schema",
        code = _0.code(),
        codes = FRAMES,
        blame = blame_for_frame(_0)
    )]
    Frame(#[from] FrameError),
    /// The bytes have no frame, but the mapping names their schema: it reads the registry itself and removes frames.
    #[failure(
        "the frame of the {side} does not name a writer schema, but the event source mapping names one beside it: it reads the registry itself and removes frames; set {}=metadata, or take the registry out of the mapping",
        side.variable(),
        code = "frame_taken_off",
        remedy = "Set `VALUE_FRAME=metadata` (or `KEY_FRAME`), then redrive. Removing the registry from the mapping instead does not help these letters: they still have no frame."
    )]
    FrameTaken {
        side: Side,
        #[source]
        error: FrameError,
    },
    /// The mapping delivers the record as JSON, or its schema is JSON Schema or Protobuf.
    #[failure(
        "the event source mapping is configured to deliver the {side} as {format}, but this function reads Avro: set EventRecordFormat to SOURCE in the mapping's SchemaRegistryConfig, and give the topic Avro schemas",
        code = "format_not_avro",
        remedy = "Set `EventRecordFormat: SOURCE` in the mapping's `SchemaRegistryConfig`, and use Avro schemas on the topic. These letters stay JSON: have the records delivered again, then end the letters."
    )]
    NotAvro { side: Side, format: String },
    #[failure("the headers cannot be read", code = _0.code(), codes = ELEMENTS, blame = record)]
    Headers(#[from] HeaderError),
    #[failure("the event's schema metadata cannot be read", code = _0.code(), codes = ELEMENTS, blame = record)]
    Metadata(#[from] SchemaMetadataError),
    #[failure(
        "the record cannot be read yet or at all",
        disposition = after_plan(error, *waited_for),
        code = error.code(),
        codes = PLANS
    )]
    Plan {
        #[source]
        error: PlanError,
        waited_for: bool,
    },
    /// The record's schema left the cache while the record waited.
    #[failure(
        "schema {0} was not made ready before reading, or was dropped from the cache since",
        retry,
        code = "schema_not_ready",
        remedy = "Nothing."
    )]
    NotReady(SchemaRef),
    #[failure("the bytes are not a value of schema {schema}", code = error.code(), codes = BYTES, blame = record)]
    Decode {
        schema: SchemaRef,
        #[source]
        error: DecodeError,
    },
    /// `KEY_FRAME=text` is set, but the function reads columns from keys.
    #[failure(
        "KEY_FRAME=text means that keys are plain text, but this function reads columns of them: let the connector write keys as Avro, and set KEY_FRAME to their frame",
        code = "key_is_text",
        remedy = "Write keys as Avro, and set `KEY_FRAME` to their frame. The keys of these letters stay text: send new records, then end the letters."
    )]
    KeyIsText(#[source] NoPlanOfText),
    /// `KEY_FRAME=text` is set, but the key starts like a frame or is not UTF-8.
    #[failure(
        "KEY_FRAME=text means that keys are plain text, but this one is not: it begins as a frame does, or is not UTF-8; set KEY_FRAME to the format of the keys",
        code = "key_not_text",
        remedy = "Correct `KEY_FRAME`, then redrive."
    )]
    KeyNotText,
    #[failure("the key's text cannot be read", code = error.code(), codes = BYTES, blame = record)]
    Text {
        #[source]
        error: DecodeError,
    },
}

/// Where every record lacks what the configuration expects, the configuration is wrong.
fn blame_for_frame(error: &FrameError) -> Blame {
    match error {
        FrameError::HeaderMissing | FrameError::MetadataMissing => Blame::Deployment,
        _ => Blame::Record,
    }
}

/// A schema that is not there yet is waited for.
fn after_plan(error: &PlanError, waited_for: bool) -> Disposition {
    match error {
        PlanError::Registry(error) if error.is_transient() || waited_for => {
            Disposition::Retry { after: error.retry_after() }
        }
        PlanError::Registry(_) | PlanError::Schema(..) | PlanError::Resolve(..) => Disposition::DeadLetter,
    }
}
