//! The row that this function reads, and the columns that it stores.

use avro_decode::AvroRead;
use dynamodb::Columns;

/// The columns that this function reads; all others are skipped without being decoded.
///
/// Add the columns that you need, for example `pub email: Option<&'a str>` (and `Row<'a>`). An `Option` may be null, and
/// absent in some version of the table's schema. Text or bytes that may be long are a `Toasted<'a>` of `debezium::types`:
/// PostgreSQL does not log a long column that an update did not touch, and the record has a placeholder instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct Row {}

impl Row {
    /// The columns to store beside the key and the version, for example
    /// `Columns::new().with("email", self.email.map(text)).with("bio", self.bio)`. Pass every column, also null and
    /// unchanged ones: an unchanged `Toasted` stays in the item as it is.
    pub fn columns(&self) -> Columns {
        Columns::new()
    }
}
