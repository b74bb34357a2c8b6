//! The row that this function reads, and what it keeps of it.

use avro_decode::AvroRead;
use dynamodb::Columns;

/// The columns that this function reads; all others are skipped without being decoded.
///
/// Name those that you need, for example `pub email: Option<&'a str>` (and `Row<'a>`). A field that is an `Option` may
/// be null, and missing from some version of the table's schema. Text or bytes that may be long are a `Toasted<'a>` of
/// `debezium::types`: PostgreSQL does not log what an update left alone, and a placeholder stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct Row {}

impl Row {
    /// What the row's item holds beside its key and version, for example
    /// `Columns::new().with("email", self.email.map(text)).with("bio", self.bio)`: every column, whatever it holds. A
    /// `Toasted` that is unchanged stays in the item as it is.
    pub fn columns(&self) -> Columns {
        Columns::new()
    }
}
