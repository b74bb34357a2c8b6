//! The row that this function reads, and what it keeps of it.

use avro_decode::AvroRead;
use effects_dynamodb::Item;

/// The columns that this function reads; all others are skipped without being decoded.
///
/// Name those that you need, for example `pub email: Option<&'a str>` (and `Row<'a>`). A field that is an `Option` may
/// be null, and missing from some version of the table's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct Row {}

impl Row {
    /// What the row's item holds beside its key and version.
    pub fn attributes(&self) -> Item {
        Item::new()
    }
}
