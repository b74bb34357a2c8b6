//! Encodes typed events as framed Avro.
//!
//! `apache-avro` writes the bytes from a `serde` struct and a registered schema. The encoder puts the frame before them, from
//! which a consumer knows the schema.
//!
//! ```
//! use kafka_producer::{Encoder, Framing};
//!
//! #[derive(serde::Serialize)]
//! struct TicketClosed<'a> {
//!     ticket_id: &'a str,
//!     closed_by: Option<&'a str>,
//! }
//!
//! let schema = r#"{"type": "record", "name": "TicketClosed", "fields": [
//!     {"name": "ticket_id", "type": "string"},
//!     {"name": "closed_by", "type": ["null", "string"], "default": null}]}"#;
//! let encoder = Encoder::new(schema, &[], Framing::Confluent(7))?;
//! let bytes = encoder.encode(&TicketClosed { ticket_id: "t1", closed_by: None })?;
//! assert_eq!(bytes, [0, 0, 0, 0, 7, 4, b't', b'1', 0]);
//! # Ok::<(), kafka_producer::EncodeError>(())
//! ```

use apache_avro::Schema;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::Serialize;
use uuid::Uuid;

/// What comes before the Avro body. A [`Publisher`](crate::Publisher) writes Confluent's frame; the others are for
/// producers that encode by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `0x00` and the registry's 4-byte schema id: Confluent, Karapace, Apicurio.
    Confluent(u32),
    /// `0x03`, `0x00` (not compressed) and the 16-byte schema version id: AWS Glue.
    Glue(Uuid),
    /// Nothing: a header of the record has the id.
    Bare,
}

/// Encodes values of one registered schema.
#[derive(Debug)]
pub struct Encoder {
    schema: Schema,
    references: Vec<Schema>,
    frame: Vec<u8>,
}

/// Why a value could not be encoded. Keeps none of its data.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// `apache-avro` cannot use the schema, or a type that it refers to is missing.
    #[error(
        "the schema cannot be used for writing: it has to be Avro, and every type that it refers to has to come with it"
    )]
    Schema(#[source] Box<apache_avro::Error>),
    /// The value does not fit the schema.
    #[error("the value does not fit its schema: compare the fields of its type with the registered schema")]
    Value(#[source] Box<apache_avro::Error>),
}

impl Encoder {
    /// An encoder for the schema that has the frame's id in the registry. `references` are the schemas of other subjects
    /// that it refers to, each after those that it refers to itself.
    ///
    /// # Errors
    /// [`EncodeError::Schema`] when a text is not an Avro schema, or a type that one refers to is missing.
    pub fn new(schema: &str, references: &[String], framing: Framing) -> Result<Self, EncodeError> {
        let unusable = |error| EncodeError::Schema(Box::new(error));
        let (schema, references) = Schema::parse_str_with_list(schema, references).map_err(unusable)?;
        let frame = match framing {
            Framing::Confluent(id) => [&[0], id.to_be_bytes().as_slice()].concat(),
            Framing::Glue(version) => [&[3, 0], version.as_bytes().as_slice()].concat(),
            Framing::Bare => Vec::new(),
        };
        let encoder = Encoder { schema, references, frame };
        // A missing type fails here, not at the first value.
        encoder.writer()?;
        Ok(encoder)
    }

    /// The frame and the value's Avro body.
    ///
    /// # Errors
    /// [`EncodeError::Value`] when the value does not fit the schema.
    pub fn encode<T: Serialize>(&self, value: &T) -> Result<Vec<u8>, EncodeError> {
        let writer = self.writer()?;
        let mut bytes = self.frame.clone();
        writer.write_ser(&mut bytes, value).map_err(|error| EncodeError::Value(Box::new(error)))?;
        Ok(bytes)
    }

    fn writer(&self) -> Result<GenericDatumWriter<'_>, EncodeError> {
        let unusable = |error| EncodeError::Schema(Box::new(error));
        let known = self.references.iter().chain([&self.schema]).collect();
        let writer = GenericDatumWriter::builder(&self.schema).schemata(known).map_err(unusable)?;
        writer.human_readable(false).build().map_err(unusable)
    }
}
