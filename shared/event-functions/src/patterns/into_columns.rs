//! What a function makes of a row for its item: columns, or a failure.

use dynamodb::Columns;
use event_runtime::Failed;

/// What the closure of a pattern may return: `item! { … }`, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an item of DynamoDB",
    label = "expected `item! {{ … }}`, or a `Result` of it",
    note = "write the columns to keep: `|row| item! {{ \"status\" => row.status }}`"
)]
pub trait IntoItem {
    /// The columns.
    ///
    /// # Errors
    /// The function's own, by which the record is dead-lettered or retried.
    fn into_item(self) -> Result<Columns, Failed>;
}

impl IntoItem for Columns {
    fn into_item(self) -> Result<Columns, Failed> {
        Ok(self)
    }
}

impl<E: Into<Failed>> IntoItem for Result<Columns, E> {
    fn into_item(self) -> Result<Columns, Failed> {
        self.map_err(Into::into)
    }
}
