//! Items as a function writes them down: `item! { "status" => order.status }`.

use crate::column::Columns;
use crate::into_column::IntoColumn;

/// The columns of an item, by name: [`Columns`] of whatever is [`IntoColumn`].
///
/// ```
/// use debezium::types::Toasted;
/// use dynamodb::{Column, Columns, item, text};
///
/// let (email, phone, notes) = ("ada@example.org", None::<&str>, Some(Toasted::Unchanged));
/// let columns = item! {
///     "email" => email,
///     "phone" => phone,
///     "notes" => notes,
///     "address" => item! { "city" => "Paris", "zip" => 75_001 },
/// };
/// assert_eq!(item! { "email" => email, "notes" => notes }, Columns::new().with("notes", notes).with("email", text(email)));
/// ```
///
/// What DynamoDB cannot hold does not compile:
///
/// ```compile_fail,E0277
/// dynamodb::item! { "took" => std::time::Duration::from_secs(1) };
/// ```
#[macro_export]
macro_rules! item {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::Columns::new()$(.with($name, $value))*
    };
}

impl Columns {
    /// Adds a column, or replaces its value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, column: impl IntoColumn) -> Self {
        self.insert(name.into(), column.into_column());
        self
    }
}
