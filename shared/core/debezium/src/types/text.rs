//! Semantic types that are text.

use avro_decode::AvroRead;

/// `io.debezium.data.Json`: a JSON document. Numbers keep all their digits; MongoDB's may hold a bare `NaN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Json<'a>(pub &'a str);

/// `io.debezium.data.Uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Uuid<'a>(pub &'a str);

/// `io.debezium.data.Enum`: one of the values in the schema's parameter `allowed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Enum<'a>(pub &'a str);

/// `io.debezium.data.EnumSet` (MySQL SET): values separated by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct EnumSet<'a>(pub &'a str);

/// `io.debezium.data.Xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Xml<'a>(pub &'a str);

/// `io.debezium.data.Ltree`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Ltree<'a>(pub &'a str);

impl<'a> EnumSet<'a> {
    /// The values of the set.
    pub fn values(self) -> impl Iterator<Item = &'a str> {
        self.0.split(',').filter(|value| !value.is_empty())
    }
}

impl Json<'_> {
    /// Parses the document.
    ///
    /// # Errors
    /// When it is not JSON, as with MongoDB's bare `NaN`: [`Json::document`] reads that too.
    pub fn parse(self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_str(self.0)
    }
}
