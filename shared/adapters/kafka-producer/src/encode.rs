//! Typed events to framed Avro, for what we produce.
//!
//! The bytes are written by `apache-avro` from a `serde` struct and a registered schema; this crate adds the frame that
//! tells a consumer which schema that was. Functions that only consume do not carry it.
//!
//! ```
//! use kafka_producer::{Encoder, Framing};
//!
//! #[derive(serde::Serialize)]
//! struct ProfileUpdated<'a> {
//!     user_id: &'a str,
//!     display_name: Option<&'a str>,
//! }
//!
//! let schema = r#"{"type": "record", "name": "ProfileUpdated", "fields": [
//!     {"name": "user_id", "type": "string"},
//!     {"name": "display_name", "type": ["null", "string"], "default": null}]}"#;
//! let encoder = Encoder::new(schema, &[], Framing::Confluent(7))?;
//! let bytes = encoder.encode(&ProfileUpdated { user_id: "u1", display_name: None })?;
//! assert_eq!(bytes, [0, 0, 0, 0, 7, 4, b'u', b'1', 0]);
//! # Ok::<(), kafka_producer::EncodeError>(())
//! ```

use apache_avro::Schema;
use apache_avro::writer::datum::GenericDatumWriter;
use serde::Serialize;
use uuid::Uuid;

/// What stands before the Avro body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `0x00` and the registry's 4-byte schema id: Confluent, Karapace, Apicurio.
    Confluent(u32),
    /// `0x03`, `0x00` (not compressed) and the 16-byte schema version id: AWS Glue.
    Glue(Uuid),
    /// Nothing: the id travels in a header.
    Bare,
}

/// Encodes values of one registered schema.
#[derive(Debug)]
pub struct Encoder {
    schema: Schema,
    references: Vec<Schema>,
    frame: Vec<u8>,
}

/// Why a value could not be encoded. Holds no values.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The schema is not one that `apache-avro` can write by, or it refers to a type that nobody gave.
    #[error("the schema cannot be written by; it has to be Avro, and what it refers to has to come with it")]
    Schema(#[source] Box<apache_avro::Error>),
    /// The value has not the shape of the schema; compare the struct's fields with the registered schema.
    #[error("the value does not have the shape of its schema")]
    Value(#[source] Box<apache_avro::Error>),
}

impl Encoder {
    /// An encoder for the schema that the registry knows under the frame's id. `references` are the schemas whose types
    /// it takes from other subjects, each after those that it needs itself.
    ///
    /// # Errors
    /// [`EncodeError::Schema`] where a text is not an Avro schema, or a type that one refers to is in none of them.
    pub fn new(schema: &str, references: &[String], framing: Framing) -> Result<Self, EncodeError> {
        let unusable = |error| EncodeError::Schema(Box::new(error));
        let (schema, references) = Schema::parse_str_with_list(schema, references).map_err(unusable)?;
        let frame = match framing {
            Framing::Confluent(id) => [&[0], id.to_be_bytes().as_slice()].concat(),
            Framing::Glue(version) => [&[3, 0], version.as_bytes().as_slice()].concat(),
            Framing::Bare => Vec::new(),
        };
        let encoder = Encoder { schema, references, frame };
        // What is missing is missing here already, not at the first value.
        encoder.writer()?;
        Ok(encoder)
    }

    /// The frame and the value's Avro body.
    ///
    /// # Errors
    /// [`EncodeError::Value`] where the value does not fit the schema.
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
