//! What travels as text.

use avro_decode::AvroRead;

/// What stands in place of a TOASTed column that an update did not touch: PostgreSQL does not log it.
pub const UNAVAILABLE_VALUE: &str = "__debezium_unavailable_value";

/// `io.debezium.data.Json`: a JSON document. Numbers keep all their digits; MongoDB's may hold a bare `NaN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Json<'a>(pub &'a str);

/// `io.debezium.data.Uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Uuid<'a>(pub &'a str);

/// `io.debezium.data.Enum`: one of the values in the schema's parameter `allowed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Enum<'a>(pub &'a str);

/// `io.debezium.data.EnumSet` (MySQL SET): values with commas between.
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
    /// Where it is not JSON, which MongoDB's bare `NaN` is not: [`Json::document`] reads that too.
    pub fn parse(self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::from_str(self.0)
    }
}

/// Text of a column that may be TOASTed: an update that did not touch it does not carry it. The placeholder never
/// reaches a function as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Toasted<'a> {
    /// The column's text.
    Value(&'a str),
    /// As it was before; the record does not say how.
    Unchanged,
}

impl<'a> Toasted<'a> {
    /// The text, if the record has it.
    pub fn value(self) -> Option<&'a str> {
        match self {
            Toasted::Value(text) => Some(text),
            Toasted::Unchanged => None,
        }
    }
}

impl avro_decode::AvroType for Toasted<'static> {
    type Of<'de> = Toasted<'de>;
    fn compile(
        compiler: &mut avro_decode::Compiler<'_>,
        writer: avro_decode::TypeId,
    ) -> Result<avro_decode::Node, avro_decode::ResolveError> {
        <&'static str as avro_decode::AvroType>::compile(compiler, writer)
    }
}

impl<'de> avro_decode::AvroRead<'de> for Toasted<'de> {
    fn read<'p>(
        node: &'p avro_decode::Node,
        cursor: &mut avro_decode::Cursor<'p, 'de>,
    ) -> Result<Self, avro_decode::DecodeError> {
        let text = <&'de str as avro_decode::AvroRead<'de>>::read(node, cursor)?;
        Ok(if text == UNAVAILABLE_VALUE { Toasted::Unchanged } else { Toasted::Value(text) })
    }

    fn blank() -> Option<Self> {
        Some(Toasted::Unchanged)
    }
}
