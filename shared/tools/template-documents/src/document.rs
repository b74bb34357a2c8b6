//! The document that this function reads, and the fields that it stores.

use avro_decode::AvroRead;
use dynamodb::Columns;
use serde::Deserialize;

/// The key of a record: the document's `_id` as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct DocumentKey<'a> {
    /// Extended JSON.
    pub id: &'a str,
}

/// The fields that this function reads; all others may have any type.
///
/// Add the fields that you need, for example `pub ip: Option<String>`, `pub at: Option<debezium::mongodb::Date>` or, for an
/// id, `Option<debezium::mongodb::IdText>`; `#[serde(rename = "userAgent")]` where the document has another name. MongoDB
/// has no schema: a document without a field that is not an `Option` is dead-lettered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Document {}

impl Document {
    /// The columns to store beside the key and the version, for example
    /// `Columns::new().with("ip", self.ip.as_ref().map(text))`.
    pub fn columns(&self) -> Columns {
        Columns::new()
    }
}
