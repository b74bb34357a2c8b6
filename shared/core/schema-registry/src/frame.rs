//! Wire frames: name the schema that wrote a key or value, and show where its body starts.

use std::{borrow::Cow, fmt};

use uuid::Uuid;

use crate::{
    FrameFormat,
    inflate::{InflateError, inflate},
};

/// The header that names a key's schema where ids are sent in headers.
pub const KEY_SCHEMA_HEADER: &str = "__key_schema_id";
/// The header that names a value's schema where ids are sent in headers.
pub const VALUE_SCHEMA_HEADER: &str = "__value_schema_id";
/// The most bytes that a compressed body may inflate to. A whole Lambda event has 6 MB.
pub const MAX_INFLATED_BYTES: usize = 16 << 20;

/// The most that deflate can compress: a match of 258 bytes takes at least two bits.
const MAX_DEFLATE_RATIO: usize = 1032;

const CONFLUENT_MAGIC: u8 = 0;
const CONFLUENT_GUID_MAGIC: u8 = 1;
pub(crate) const CONFLUENT_FRAME: usize = 5;
const GLUE_MAGIC: u8 = 3;
const GLUE_PLAIN: u8 = 0;
const GLUE_ZLIB: u8 = 5;
pub(crate) const GLUE_FRAME: usize = 18;

/// A schema's number in a Confluent-compatible registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaId(pub u32);

/// How a frame names the schema that wrote its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaRef {
    /// By number: Confluent and compatible registries.
    Id(SchemaId),
    /// By the GUID of its content: Confluent, in headers.
    Guid(Uuid),
    /// By schema version: AWS Glue.
    GlueVersion(Uuid),
}

impl fmt::Display for SchemaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemaRef::Id(SchemaId(id)) => write!(f, "id:{id}"),
            SchemaRef::Guid(guid) => write!(f, "guid:{guid}"),
            SchemaRef::GlueVersion(version) => write!(f, "glue:{version}"),
        }
    }
}

/// What a record contains about a key's or value's schema beside its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SchemaHints<'a> {
    /// The value of [`KEY_SCHEMA_HEADER`] or [`VALUE_SCHEMA_HEADER`].
    pub header: Option<&'a [u8]>,
    /// The `schemaId` of the event's `keySchemaMetadata` or `valueSchemaMetadata`.
    pub metadata_id: Option<&'a str>,
}

/// A key or value, split into schema and body. The schema is known without inflating the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Which schema wrote the body.
    pub schema: SchemaRef,
    /// The Avro bytes as they were sent.
    pub body: Body<'a>,
}

/// A body as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// The Avro bytes.
    Plain(&'a [u8]),
    /// A zlib stream of them.
    Zlib(&'a [u8]),
}

impl<'a> Body<'a> {
    /// The Avro bytes. Those of a zlib stream are inflated, which takes up to [`MAX_INFLATED_BYTES`] of memory.
    ///
    /// # Errors
    /// [`FrameError::CompressionBroken`] and [`FrameError::InflatedTooLarge`].
    pub fn inflate(self) -> Result<Cow<'a, [u8]>, FrameError> {
        match self {
            Body::Plain(body) => Ok(Cow::Borrowed(body)),
            // No stream inflates to more than that, and no more memory is reserved for it.
            Body::Zlib(stream) => Ok(Cow::Owned(inflate(stream, inflated_at_most(stream))?)),
        }
    }
}

/// The most memory, in bytes, that inflating a key or value may take; zero for bytes that no format would inflate. To be
/// reserved before [`Body::inflate`], because a stream does not contain its inflated size.
pub fn inflates_to_at_most(bytes: &[u8]) -> usize {
    match bytes {
        [GLUE_MAGIC, GLUE_ZLIB, rest @ ..] => inflated_at_most(rest.get(16..).unwrap_or_default()),
        _ => 0,
    }
}

fn inflated_at_most(stream: &[u8]) -> usize {
    stream.len().saturating_mul(MAX_DEFLATE_RATIO).min(MAX_INFLATED_BYTES)
}

/// The bytes and hints do not name the schema that wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes are shorter than the frame.
    #[error("the frame needs {needed} bytes and has {found}")]
    Truncated {
        /// Bytes of the frame.
        needed: usize,
        /// Bytes of the key or value.
        found: usize,
    },
    /// The first byte is not that of the expected format.
    #[error("the first byte is {0:#04x}, with which no frame of the expected format starts")]
    UnknownMagic(u8),
    /// An id of zero: how Apicurio's 8-byte ids are read as 4-byte ids.
    #[error("the schema id is 0, which no registry assigns: 8-byte ids are not supported")]
    IdZero,
    /// The header is missing, and the bytes do not begin with an id either.
    #[error("the header with the schema id is missing, and there is no schema id before the body either")]
    HeaderMissing,
    /// The header is not an id.
    #[error("the header with the schema id is neither 0x01 and a GUID nor 0x00 and a 4-byte id")]
    HeaderMalformed,
    /// The metadata is missing.
    #[error("the event has no schema metadata for this key or value")]
    MetadataMissing,
    /// The metadata's id is neither a number nor a UUID.
    #[error("the schema id in the event's metadata is neither a number nor a UUID")]
    MetadataMalformed,
    /// An unknown compression.
    #[error("compression byte {0:#04x} is unknown")]
    CompressionUnknown(u8),
    /// The compressed body is damaged.
    #[error("the compressed body is damaged")]
    CompressionBroken,
    /// The compressed body inflates to too many bytes.
    #[error("the compressed body inflates to more than {MAX_INFLATED_BYTES} bytes")]
    InflatedTooLarge,
}

impl FrameError {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self {
            FrameError::Truncated { .. } => "frame_truncated",
            FrameError::UnknownMagic(_) => "frame_unknown_magic",
            FrameError::IdZero => "frame_id_zero",
            FrameError::HeaderMissing => "frame_header_missing",
            FrameError::HeaderMalformed => "frame_header_malformed",
            FrameError::MetadataMissing => "frame_metadata_missing",
            FrameError::MetadataMalformed => "frame_metadata_malformed",
            FrameError::CompressionUnknown(_) => "frame_compression_unknown",
            FrameError::CompressionBroken => "frame_compression_broken",
            FrameError::InflatedTooLarge => "frame_inflated_too_large",
        }
    }
}

impl From<InflateError> for FrameError {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Damaged => FrameError::CompressionBroken,
            InflateError::TooLarge => FrameError::InflatedTooLarge,
        }
    }
}

/// Splits a key or value into the name of its schema and its body.
///
/// # Errors
/// When the bytes and hints are not a frame of the format.
#[inline]
pub fn split<'a>(format: FrameFormat, bytes: &'a [u8], hints: SchemaHints<'_>) -> Result<Frame<'a>, FrameError> {
    match format {
        FrameFormat::Confluent | FrameFormat::Apicurio => confluent(bytes),
        FrameFormat::ConfluentHeader => match hints.header {
            Some(header) => bare(bytes, header_id(header)?),
            None => prefixed(bytes),
        },
        FrameFormat::Glue => glue(bytes),
        FrameFormat::Metadata => bare(bytes, metadata_id(hints.metadata_id.ok_or(FrameError::MetadataMissing)?)?),
    }
}

#[inline(always)]
fn confluent(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    match bytes {
        [CONFLUENT_MAGIC, a, b, c, d, body @ ..] => {
            let schema = schema_id([*a, *b, *c, *d])?;
            Ok(Frame { schema, body: Body::Plain(body) })
        }
        [] | [CONFLUENT_MAGIC, ..] => Err(FrameError::Truncated { needed: CONFLUENT_FRAME, found: bytes.len() }),
        [magic, ..] => Err(FrameError::UnknownMagic(*magic)),
    }
}

/// The frame of bytes whose schema no header names: an id before the body.
fn prefixed(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    match (prefix(bytes), bytes.first()) {
        (Some((schema, body)), _) => Ok(Frame { schema: schema?, body: Body::Plain(body) }),
        (None, Some(&CONFLUENT_MAGIC)) => Err(FrameError::Truncated { needed: CONFLUENT_FRAME, found: bytes.len() }),
        (None, _) => Err(FrameError::HeaderMissing),
    }
}

/// An id before a body, in one of the forms that a header may have, and the body.
pub(crate) fn prefix(bytes: &[u8]) -> Option<(Result<SchemaRef, FrameError>, &[u8])> {
    match bytes.split_first()? {
        (&CONFLUENT_MAGIC, rest) => rest.split_first_chunk().map(|(id, body)| (schema_id(*id), body)),
        (&CONFLUENT_GUID_MAGIC, rest) => {
            rest.split_first_chunk().map(|(guid, body)| (Ok(SchemaRef::Guid(Uuid::from_bytes(*guid))), body))
        }
        _ => None,
    }
}

fn glue(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    let truncated = FrameError::Truncated { needed: GLUE_FRAME, found: bytes.len() };
    let (magic, rest) = bytes.split_first().ok_or(truncated)?;
    if *magic != GLUE_MAGIC {
        return Err(FrameError::UnknownMagic(*magic));
    }
    let (compression, rest) = rest.split_first().ok_or(truncated)?;
    let (version, body) = rest.split_first_chunk::<16>().ok_or(truncated)?;
    let body = match *compression {
        GLUE_PLAIN => Body::Plain(body),
        GLUE_ZLIB => Body::Zlib(body),
        unknown => return Err(FrameError::CompressionUnknown(unknown)),
    };
    Ok(Frame { schema: SchemaRef::GlueVersion(Uuid::from_bytes(*version)), body })
}

fn bare(bytes: &[u8], schema: SchemaRef) -> Result<Frame<'_>, FrameError> {
    Ok(Frame { schema, body: Body::Plain(bytes) })
}

fn header_id(header: &[u8]) -> Result<SchemaRef, FrameError> {
    match header.split_first() {
        Some((&CONFLUENT_GUID_MAGIC, guid)) => {
            let guid = guid.try_into().map_err(|_| FrameError::HeaderMalformed)?;
            Ok(SchemaRef::Guid(Uuid::from_bytes(guid)))
        }
        Some((&CONFLUENT_MAGIC, id)) => schema_id(id.try_into().map_err(|_| FrameError::HeaderMalformed)?),
        Some(_) | None => Err(FrameError::HeaderMalformed),
    }
}

/// A number comes from a Confluent registry, a UUID from Glue: an event source mapping can read these two.
fn metadata_id(id: &str) -> Result<SchemaRef, FrameError> {
    if let Ok(number) = id.parse::<u32>() {
        return schema_id(number.to_be_bytes());
    }
    Uuid::try_parse(id).map(SchemaRef::GlueVersion).map_err(|_| FrameError::MetadataMalformed)
}

#[inline]
fn schema_id(bytes: [u8; 4]) -> Result<SchemaRef, FrameError> {
    match u32::from_be_bytes(bytes) {
        0 => Err(FrameError::IdZero),
        id => Ok(SchemaRef::Id(SchemaId(id))),
    }
}
