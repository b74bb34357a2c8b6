//! Typed events to framed Avro, for what we produce.
//!
//! The bytes are written by `apache-avro` from a `serde` struct and a registered schema; this crate adds the frame that
//! tells a consumer which schema that was. Functions that only consume do not carry it.
//!
//! ```
//! use avro_encode::{Encoder, Framing};
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
//! let encoder = Encoder::new(schema, Framing::Confluent(7))?;
//! let bytes = encoder.encode(&ProfileUpdated { user_id: "u1", display_name: None })?;
//! assert_eq!(bytes, [0, 0, 0, 0, 7, 4, b'u', b'1', 0]);
//! # Ok::<(), avro_encode::EncodeError>(())
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
    frame: Vec<u8>,
}

/// Why a value could not be encoded. Holds no values.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The schema is not one that `apache-avro` can write by.
    #[error("the schema cannot be written by: {0}")]
    Schema(#[source] Box<apache_avro::Error>),
    /// The value has not the shape of the schema; compare the struct's fields with the registered schema.
    #[error("the value does not have the shape of its schema")]
    Value(#[source] Box<apache_avro::Error>),
}

impl Encoder {
    /// An encoder for the schema that the registry knows under the frame's id.
    ///
    /// # Errors
    /// [`EncodeError::Schema`] where the text is not an Avro schema.
    pub fn new(schema: &str, framing: Framing) -> Result<Self, EncodeError> {
        let schema = Schema::parse_str(schema).map_err(|error| EncodeError::Schema(Box::new(error)))?;
        let frame = match framing {
            Framing::Confluent(id) => [&[0], id.to_be_bytes().as_slice()].concat(),
            Framing::Glue(version) => [&[3, 0], version.as_bytes().as_slice()].concat(),
            Framing::Bare => Vec::new(),
        };
        Ok(Encoder { schema, frame })
    }

    /// The frame and the value's Avro body.
    ///
    /// # Errors
    /// [`EncodeError::Value`] where the value does not fit the schema.
    pub fn encode<T: Serialize>(&self, value: &T) -> Result<Vec<u8>, EncodeError> {
        let writer = GenericDatumWriter::builder(&self.schema).human_readable(false).build();
        let writer = writer.map_err(|error| EncodeError::Schema(Box::new(error)))?;
        let mut bytes = self.frame.clone();
        writer.write_ser(&mut bytes, value).map_err(|error| EncodeError::Value(Box::new(error)))?;
        Ok(bytes)
    }
}
