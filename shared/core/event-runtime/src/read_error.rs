//! Errors of keys and values that cannot be read, or not yet.

use avro_decode::DecodeError;
use kafka_events::{HeaderError, SchemaMetadataError};
use schema_registry::{FrameError, NoPlanOfText, PlanError, SchemaRef};

use crate::failure::{Blame, Disposition, Failure};
use crate::side::Side;

#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the frame does not name a writer schema")]
    Frame(#[from] FrameError),
    #[error(
        "the frame of the {side} does not name a writer schema, but the event source mapping names one beside it: it reads the registry itself and removes frames; set {}=metadata, or take the registry out of the mapping", side.variable()
    )]
    FrameTaken {
        side: Side,
        #[source]
        error: FrameError,
    },
    #[error(
        "the event source mapping is configured to deliver the {side} as {format}, but this function reads Avro: set EventRecordFormat to SOURCE in the mapping's SchemaRegistryConfig, and give the topic Avro schemas"
    )]
    NotAvro { side: Side, format: String },
    #[error("the headers cannot be read")]
    Headers(#[from] HeaderError),
    #[error("the event's schema metadata cannot be read")]
    Metadata(#[from] SchemaMetadataError),
    #[error("the record cannot be read yet or at all")]
    Plan {
        #[source]
        error: PlanError,
        waited_for: bool,
    },
    #[error("schema {0} was not made ready before reading, or was dropped from the cache since")]
    NotReady(SchemaRef),
    #[error("the bytes are not a value of schema {schema}")]
    Decode {
        schema: SchemaRef,
        #[source]
        error: DecodeError,
    },
    #[error(
        "KEY_FRAME=text means that keys are plain text, but this function reads columns of them: let the connector write keys as Avro, and set KEY_FRAME to their frame"
    )]
    KeyIsText(#[source] NoPlanOfText),
    #[error(
        "KEY_FRAME=text means that keys are plain text, but this one is not: it begins as a frame does, or is not UTF-8; set KEY_FRAME to the format of the keys"
    )]
    KeyNotText,
    #[error("the key's text cannot be read")]
    Text {
        #[source]
        error: DecodeError,
    },
}

impl Failure for ReadError {
    fn disposition(&self) -> Disposition {
        match self {
            ReadError::Plan { error: PlanError::Registry(error), waited_for } => {
                if error.is_transient() || *waited_for {
                    Disposition::Retry { after: error.retry_after() }
                } else {
                    Disposition::DeadLetter
                }
            }
            ReadError::NotReady(_) => Disposition::Retry { after: None },
            ReadError::Frame(_)
            | ReadError::FrameTaken { .. }
            | ReadError::NotAvro { .. }
            | ReadError::Headers(_)
            | ReadError::Metadata(_)
            | ReadError::Plan { error: PlanError::Schema(..) | PlanError::Resolve(..), .. }
            | ReadError::Decode { .. }
            | ReadError::KeyIsText(_)
            | ReadError::KeyNotText
            | ReadError::Text { .. } => Disposition::DeadLetter,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ReadError::Frame(error) => error.code(),
            ReadError::FrameTaken { .. } => "frame_taken_off",
            ReadError::NotAvro { .. } => "format_not_avro",
            ReadError::Headers(error) => error.code(),
            ReadError::Metadata(error) => error.code(),
            ReadError::Plan { error, .. } => error.code(),
            ReadError::NotReady(_) => "schema_not_ready",
            ReadError::Decode { error, .. } | ReadError::Text { error } => error.code(),
            ReadError::KeyIsText(_) => "key_is_text",
            ReadError::KeyNotText => "key_not_text",
        }
    }

    fn blame(&self) -> Blame {
        match self {
            // Where every record lacks what the configuration expects, the configuration is wrong.
            ReadError::Frame(FrameError::HeaderMissing | FrameError::MetadataMissing)
            | ReadError::FrameTaken { .. }
            | ReadError::NotAvro { .. }
            | ReadError::Plan { .. }
            | ReadError::NotReady(_)
            | ReadError::KeyIsText(_)
            | ReadError::KeyNotText => Blame::Deployment,
            ReadError::Frame(_)
            | ReadError::Headers(_)
            | ReadError::Metadata(_)
            | ReadError::Decode { .. }
            | ReadError::Text { .. } => Blame::Record,
        }
    }
}
