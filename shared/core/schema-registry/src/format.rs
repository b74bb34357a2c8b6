//! Formats of frames: how keys and values name their schemas. They are configured, because bytes alone do not show them.

/// Where keys or values carry the id of their schema. A bare body often starts with zero, as a Confluent frame does, so
/// the format is configured and never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFormat {
    /// `0x00`, a 4-byte id, the body.
    Confluent,
    /// The id in the header [`KEY_SCHEMA_HEADER`](crate::KEY_SCHEMA_HEADER) or
    /// [`VALUE_SCHEMA_HEADER`](crate::VALUE_SCHEMA_HEADER), `0x01` and a GUID or `0x00` and a 4-byte id, and the body
    /// bare. Without that header the same id is expected before the body, so that a topic may move from one to the other, as
    /// Confluent's `DualSchemaIdDeserializer` allows.
    ConfluentHeader,
    /// As [`Confluent`](Self::Confluent), with Apicurio's 4-byte content id. (Its 8-byte global ids are not read.)
    Apicurio,
    /// `0x03`, a compression byte, the UUID of a schema version, the body.
    Glue,
    /// A bare body; the id is in the metadata that the event source mapping's own registry integration adds.
    Metadata,
}

/// The format of a function's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFormat {
    /// Avro, as values are.
    Framed(FrameFormat),
    /// Plain text in UTF-8 without a schema, as Kafka's `StringSerializer` and Connect's `StringConverter` write it.
    Text,
}

/// The formats of a function's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frames {
    /// Their keys.
    pub keys: KeyFormat,
    /// Their values.
    pub values: FrameFormat,
}

impl Frames {
    /// One format for keys and values.
    pub fn both(format: FrameFormat) -> Self {
        Frames { keys: KeyFormat::Framed(format), values: format }
    }
}

impl From<FrameFormat> for KeyFormat {
    fn from(format: FrameFormat) -> Self {
        KeyFormat::Framed(format)
    }
}

impl FrameFormat {
    /// Whether [`SchemaHints::header`](crate::SchemaHints::header) is used; where it is not, headers need not be parsed.
    pub fn looks_at_headers(self) -> bool {
        self == FrameFormat::ConfluentHeader
    }

    /// Whether [`SchemaHints::metadata_id`](crate::SchemaHints::metadata_id) is used.
    pub fn looks_at_metadata(self) -> bool {
        self == FrameFormat::Metadata
    }
}
