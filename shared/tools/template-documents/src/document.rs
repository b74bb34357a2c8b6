//! The document that this function reads, and what it keeps of it.

use avro_decode::AvroRead;
use dynamodb::Columns;
use serde::Deserialize;

/// The key of a record: the document's `_id` as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct DocumentKey<'a> {
    /// Extended JSON.
    pub id: &'a str,
}

/// The fields that this function reads; all others may hold anything.
///
/// Name those that you need, for example `pub ip: Option<String>`, `pub at: Option<debezium::mongodb::Date>` or, for an
/// id, `Option<debezium::mongodb::IdText>`; `#[serde(rename = "userAgent")]` where the document has another name. MongoDB
/// has no schema: whatever is not an `Option` parks the documents that lack it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Document {}

impl Document {
    /// What the document's item holds beside its key and version, for example
    /// `Columns::new().with("ip", self.ip.as_ref().map(text))`.
    pub fn columns(&self) -> Columns {
        Columns::new()
    }
}
