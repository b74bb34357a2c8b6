//! What may stand in an item: each type's value as DynamoDB stores it.
//!
//! Here are texts, numbers, bytes and times; `containers` has lists and maps, `debezium_types` what Debezium sends.

mod containers;
mod debezium_types;
mod numbers;

use std::borrow::Cow;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{Timestamp, civil};

use crate::column::Column;
use crate::keys::{Precision, sortable_time};
use crate::value::text;

/// A value that may stand in an [`item!`](macro@crate::item) and in [`Columns::with`](crate::Columns::with).
///
/// | type | stored as |
/// |---|---|
/// | texts, `Json`, `Uuid`, `Enum`, `IdText`, … | text |
/// | integers, floats, `Decimal` | a number; text where DynamoDB cannot hold it: beyond 38 digits, beyond ±9.99E+125, not a number |
/// | `bool` | a boolean |
/// | `&[u8]`, `Vec<u8>`, `[u8; N]`, `Bits` | bytes |
/// | [`jiff::Timestamp`], MongoDB's `Date` | text that sorts, with milliseconds ([`sortable_time`]) |
/// | `civil::Date`, `civil::DateTime`, Debezium's `Date`, `Timestamp`, `MicroTimestamp`, … | text that sorts, without a zone: `2026-01-14T06:02:32.971`; the number itself where it is outside the calendar |
/// | Debezium's `Time`, `MicroTime`, `NanoTime`, `Year`, `MicroDuration` | the number, in the unit of its type |
/// | `Option` | the value; the attribute is absent for `None` |
/// | `Vec`, slices, arrays | a list, `None` in it as null |
/// | maps | a map, `None` in it as null |
/// | a nested [`item!`](macro@crate::item) | a map, without what is `None` |
/// | `Toasted`, also within lists and maps | its value, or [`Column::Unchanged`] |
///
/// A type of one's own gets it by one line, mostly by way of a type that has it:
///
/// ```
/// use dynamodb::{Column, IntoColumn};
///
/// struct Cents(i64);
///
/// impl IntoColumn for Cents {
///     fn into_column(self) -> Column {
///         self.0.into_column()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in an item of DynamoDB",
    label = "neither text, number, boolean, time, nor a list, map or option of them",
    note = "turn it into text with `.to_string()`, take one of its fields, or nest another `item! {{ … }}`",
    note = "for a type of your own: `impl IntoColumn for …`"
)]
pub trait IntoColumn: Sized {
    /// The value as a column.
    fn into_column(self) -> Column;

    /// Several values as one column: a list. Bytes are not a list of numbers.
    #[doc(hidden)]
    fn list(values: impl Iterator<Item = Self>) -> Column {
        let values: Option<Vec<_>> = values.map(|value| value.into_column().within()).collect();
        values.map_or(Column::Unchanged, |values| Column::Is(AttributeValue::L(values)))
    }
}

impl IntoColumn for Column {
    fn into_column(self) -> Column {
        self
    }
}

impl IntoColumn for AttributeValue {
    fn into_column(self) -> Column {
        Column::Is(self)
    }
}

impl<T: IntoColumn> IntoColumn for Option<T> {
    fn into_column(self) -> Column {
        self.map_or(Column::Null, T::into_column)
    }
}

impl<T: IntoColumn + Clone> IntoColumn for &T {
    fn into_column(self) -> Column {
        self.clone().into_column()
    }

    fn list(values: impl Iterator<Item = Self>) -> Column {
        T::list(values.cloned())
    }
}

impl<T: IntoColumn> IntoColumn for Box<T> {
    fn into_column(self) -> Column {
        (*self).into_column()
    }
}

impl IntoColumn for &str {
    fn into_column(self) -> Column {
        Column::Is(text(self))
    }
}

impl IntoColumn for String {
    fn into_column(self) -> Column {
        Column::Is(AttributeValue::S(self))
    }
}

impl IntoColumn for Cow<'_, str> {
    fn into_column(self) -> Column {
        self.into_owned().into_column()
    }
}

impl IntoColumn for bool {
    fn into_column(self) -> Column {
        Column::Is(AttributeValue::Bool(self))
    }
}

impl IntoColumn for Timestamp {
    fn into_column(self) -> Column {
        sortable_time(self, Precision::Milliseconds).into_column()
    }
}

impl IntoColumn for civil::Date {
    fn into_column(self) -> Column {
        self.to_string().into_column()
    }
}

impl IntoColumn for civil::DateTime {
    fn into_column(self) -> Column {
        format!("{self:.3}").into_column()
    }
}

fn bytes(bytes: impl Into<Vec<u8>>) -> Column {
    Column::Is(AttributeValue::B(Blob::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::number;

    fn is(value: impl IntoColumn) -> AttributeValue {
        let Column::Is(value) = value.into_column() else { panic!("it has a value") };
        value
    }

    #[test]
    fn texts_booleans_and_times_have_their_stored_form() {
        let owned = "ada".to_owned();
        for stored in [is("ada"), is(&owned), is(Cow::Borrowed("ada")), is(Some(&owned)), is(Box::new("ada"))] {
            assert_eq!(stored, text("ada"));
        }
        assert_eq!(is(true), AttributeValue::Bool(true));
        assert_eq!(is(Timestamp::UNIX_EPOCH), text("1970-01-01T00:00:00.000Z"));
        let date = civil::date(2026, 1, 14);
        assert_eq!(
            (is(date), is(date.at(6, 2, 32, 971_700_000))),
            (text("2026-01-14"), text("2026-01-14T06:02:32.971"))
        );
    }

    #[test]
    fn none_is_absent_and_a_value_of_dynamodb_stays_as_it_is() {
        assert_eq!(None::<&str>.into_column(), Column::Null);
        assert_eq!(Some(None::<u8>).into_column(), Column::Null);
        assert_eq!(is(number(7)), number(7));
        assert_eq!(Column::Unchanged.into_column(), Column::Unchanged);
    }
}
