//! The columns of a changed row: a value, null, or unchanged.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use debezium::types::Toasted;

use crate::value::{Item, text};

/// What a change contains of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// This value.
    Is(AttributeValue),
    /// Null: the item does not have the attribute.
    Null,
    /// The value it had before, which the change does not contain: PostgreSQL does not log a TOASTed column that an
    /// update did not touch.
    Unchanged,
}

/// All columns of a row that a function stores, by the names of their attributes. A column that is not among them is
/// removed when the row is written as a whole.
///
/// ```
/// use debezium::types::Toasted;
/// use dynamodb::{Columns, text};
///
/// let (email, phone, bio) = ("ada@example.org", None::<&str>, Some(Toasted::Unchanged));
/// let columns = Columns::new().with("email", text(email)).with("phone", phone.map(text)).with("bio", bio);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns(BTreeMap<String, Column>);

impl Columns {
    /// No columns yet.
    pub fn new() -> Self {
        Columns::default()
    }

    /// Adds a column, or replaces its value.
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

    /// Whether the change contains the whole row.
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

impl From<Option<Vec<Option<Toasted<'_>>>>> for Column {
    /// An array, as a list.
    fn from(column: Option<Vec<Option<Toasted<'_>>>>) -> Self {
        let Some(items) = column else { return Column::Null };
        let items: Option<Vec<_>> = items.into_iter().map(part).collect();
        items.map_or(Column::Unchanged, |items| Column::Is(AttributeValue::L(items)))
    }
}

impl From<Option<BTreeMap<&str, Option<Toasted<'_>>>>> for Column {
    /// An `hstore`, as a map.
    fn from(column: Option<BTreeMap<&str, Option<Toasted<'_>>>>) -> Self {
        let Some(entries) = column else { return Column::Null };
        let entries: Option<_> = entries.into_iter().map(|(key, value)| Some((key.to_owned(), part(value)?))).collect();
        entries.map_or(Column::Unchanged, |entries| Column::Is(AttributeValue::M(entries)))
    }
}

/// An item or a value within a column; `None` where it marks the whole column as unchanged.
fn part(value: Option<Toasted<'_>>) -> Option<AttributeValue> {
    match Column::from(value) {
        Column::Is(value) => Some(value),
        Column::Null => Some(AttributeValue::Null(true)),
        Column::Unchanged => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untouched_column_of_any_type_is_unchanged() {
        let untouched = || Some(Toasted::Unchanged);
        assert_eq!(Column::from(untouched()), Column::Unchanged);
        assert_eq!(Column::from(Some(vec![untouched()])), Column::Unchanged);
        assert_eq!(Column::from(Some(BTreeMap::from([("__", untouched())]))), Column::Unchanged);
    }

    #[test]
    fn arrays_and_maps_become_lists_and_maps_with_their_nulls() {
        let bytes = || AttributeValue::B(Blob::new(b"\xff"));
        let items = vec![Some(Toasted::Text("a")), None, Some(Toasted::Bytes(b"\xff"))];
        let list = AttributeValue::L(vec![text("a"), AttributeValue::Null(true), bytes()]);
        assert_eq!(Column::from(Some(items)), Column::Is(list));
        let entries = BTreeMap::from([("a", Some(Toasted::Bytes(b"\xff"))), ("b", None)]);
        let map = [("a".to_owned(), bytes()), ("b".to_owned(), AttributeValue::Null(true))].into();
        assert_eq!(Column::from(Some(entries)), Column::Is(AttributeValue::M(map)));
        assert_eq!(Column::from(None::<Vec<Option<Toasted>>>), Column::Null);
    }
}
