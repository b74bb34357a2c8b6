//! Lists, bytes, maps and nested items.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use aws_sdk_dynamodb::types::AttributeValue;

use super::IntoColumn;
use crate::column::{Column, Columns};

impl<T: IntoColumn> IntoColumn for Vec<T> {
    fn into_column(self) -> Column {
        T::list(self.into_iter())
    }
}

impl<T: IntoColumn + Clone> IntoColumn for &[T] {
    fn into_column(self) -> Column {
        T::list(self.iter().cloned())
    }
}

impl<T: IntoColumn, const N: usize> IntoColumn for [T; N] {
    fn into_column(self) -> Column {
        T::list(self.into_iter())
    }
}

impl<K: Into<String>, V: IntoColumn> IntoColumn for BTreeMap<K, V> {
    fn into_column(self) -> Column {
        map(self.into_iter().map(|(name, value)| (name.into(), value.into_column().within())))
    }
}

impl<K: Into<String>, V: IntoColumn, S: BuildHasher> IntoColumn for HashMap<K, V, S> {
    fn into_column(self) -> Column {
        map(self.into_iter().map(|(name, value)| (name.into(), value.into_column().within())))
    }
}

impl IntoColumn for Columns {
    /// A map. What is null is absent in it, as it is in an item.
    fn into_column(self) -> Column {
        let present = self.into_iter().filter(|(_, column)| *column != Column::Null);
        map(present.map(|(name, column)| (name, column.within())))
    }
}

/// A part without a value marks the whole column as unchanged.
fn map(parts: impl Iterator<Item = (String, Option<AttributeValue>)>) -> Column {
    let parts: Option<_> = parts.map(|(name, value)| Some((name, value?))).collect();
    parts.map_or(Column::Unchanged, |parts| Column::Is(AttributeValue::M(parts)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use debezium::types::Toasted;

    use super::*;
    use crate::value::{number, text};

    fn bytes() -> AttributeValue {
        AttributeValue::B(Blob::new(b"\xff"))
    }

    #[test]
    fn an_untouched_column_of_any_type_is_unchanged() {
        let untouched = || Some(Toasted::Unchanged);
        assert_eq!(untouched().into_column(), Column::Unchanged);
        assert_eq!(Some(vec![untouched()]).into_column(), Column::Unchanged);
        assert_eq!(Some(BTreeMap::from([("__", untouched())])).into_column(), Column::Unchanged);
        assert_eq!(crate::item! { "notes" => untouched() }.into_column(), Column::Unchanged);
    }

    #[test]
    fn arrays_and_maps_become_lists_and_maps_with_their_nulls() {
        let items = vec![Some(Toasted::Text("a")), None, Some(Toasted::Bytes(b"\xff"))];
        let list = AttributeValue::L(vec![text("a"), AttributeValue::Null(true), bytes()]);
        assert_eq!(Some(items).into_column(), Column::Is(list));
        let entries = BTreeMap::from([("a", Some(Toasted::Bytes(b"\xff"))), ("b", None)]);
        let map = [("a".to_owned(), bytes()), ("b".to_owned(), AttributeValue::Null(true))].into();
        assert_eq!(Some(entries).into_column(), Column::Is(AttributeValue::M(map)));
        assert_eq!(None::<Vec<Option<Toasted>>>.into_column(), Column::Null);
    }

    #[test]
    fn bytes_are_bytes_and_other_numbers_a_list() {
        let one = [0xff_u8];
        for column in
            [vec![0xff_u8].into_column(), one.into_column(), (&one).into_column(), one.as_slice().into_column()]
        {
            assert_eq!(column, Column::Is(bytes()));
        }
        let numbers = AttributeValue::L(vec![number(1), number(2)]);
        assert_eq!(vec![1_i32, 2].into_column(), Column::Is(numbers.clone()));
        assert_eq!([1_i32, 2].as_slice().into_column(), Column::Is(numbers));
    }

    #[test]
    fn a_nested_item_is_a_map_without_what_is_none() {
        let nested = crate::item! { "city" => "Paris", "zip" => None::<&str>, "geo" => [1, 2] };
        let geo = AttributeValue::L(vec![number(1), number(2)]);
        let map = [("city".to_owned(), text("Paris")), ("geo".to_owned(), geo)].into();
        assert_eq!(nested.into_column(), Column::Is(AttributeValue::M(map)));
    }
}
