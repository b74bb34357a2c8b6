//! The columns of a changed row: a value, null, or unchanged.

use std::collections::{BTreeMap, btree_map};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::value::Item;

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

impl Column {
    /// The value within a list or a map, where null has a value; `None` where it is unchanged.
    pub(crate) fn within(self) -> Option<AttributeValue> {
        match self {
            Column::Is(value) => Some(value),
            Column::Null => Some(AttributeValue::Null(true)),
            Column::Unchanged => None,
        }
    }
}

/// All columns of a row that a function stores, by the names of their attributes; [`item!`](macro@crate::item) makes them. A
/// column that is not among them is removed when the row is written as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns(BTreeMap<String, Column>);

impl Columns {
    /// No columns yet.
    pub fn new() -> Self {
        Columns::default()
    }

    pub(crate) fn insert(&mut self, name: String, column: Column) {
        self.0.insert(name, column);
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

impl Columns {
    /// The columns that have a value, as an item.
    pub fn into_item(self) -> Item {
        let values = self.0.into_iter().filter_map(|(name, column)| match column {
            Column::Is(value) => Some((name, value)),
            Column::Null | Column::Unchanged => None,
        });
        values.collect()
    }
}

impl IntoIterator for Columns {
    type Item = (String, Column);
    type IntoIter = btree_map::IntoIter<String, Column>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Item> for Columns {
    fn from(item: Item) -> Self {
        Columns(item.into_iter().map(|(name, value)| (name, Column::Is(value))).collect())
    }
}
