//! What a change says of a row's columns.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use debezium::types::Toasted;
use dynamodb_writes::{Item, text};

/// What a change says of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// It holds this.
    Is(AttributeValue),
    /// It holds nothing; the item does not have the attribute.
    Null,
    /// It holds what it held before. The change does not say what: PostgreSQL does not log a TOASTed column that an
    /// update left alone.
    Unchanged,
}

/// The columns of a row that a function keeps, by the names of their attributes. All of them: one that is not here is
/// removed when the row is written as a whole.
///
/// ```
/// use debezium::types::Toasted;
/// use effects_dynamodb::{Columns, text};
///
/// let (email, phone, bio) = ("ada@example.org", None::<&str>, Some(Toasted::Unchanged));
/// let columns = Columns::new().with("email", text(email)).with("phone", phone.map(text)).with("bio", bio);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns(BTreeMap<String, Column>);

impl Columns {
    /// None yet.
    pub fn new() -> Self {
        Columns::default()
    }

    /// One more column, or another value of it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, column: impl Into<Column>) -> Self {
        self.0.insert(name.into(), column.into());
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.0.iter().map(|(name, column)| (name.as_str(), column))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Column> {
        self.0.get(name)
    }

    /// Whether the change says all of the row.
    pub(crate) fn are_whole(&self) -> bool {
        !self.0.values().any(|column| *column == Column::Unchanged)
    }
}

impl From<Item> for Columns {
    fn from(item: Item) -> Self {
        Columns(item.into_iter().map(|(name, value)| (name, Column::Is(value))).collect())
    }
}

impl From<AttributeValue> for Column {
    fn from(value: AttributeValue) -> Self {
        Column::Is(value)
    }
}

impl From<Option<AttributeValue>> for Column {
    fn from(value: Option<AttributeValue>) -> Self {
        value.map_or(Column::Null, Column::Is)
    }
}

impl From<Toasted<'_>> for Column {
    fn from(column: Toasted<'_>) -> Self {
        match column {
            Toasted::Text(value) => Column::Is(text(value)),
            Toasted::Bytes(bytes) => Column::Is(AttributeValue::B(Blob::new(bytes))),
            Toasted::Unchanged => Column::Unchanged,
        }
    }
}

impl From<Option<Toasted<'_>>> for Column {
    fn from(column: Option<Toasted<'_>>) -> Self {
        column.map_or(Column::Null, Column::from)
    }
}
