//! Format versions: each item has the version of its format, and one that this code does not know is left alone.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute;
use crate::condition::Condition;
use crate::value::{Item, number};

/// The format of rows and entries that this code writes, and the newest that it reads. Version 1 has no such attribute.
/// Since version 2 an item contains its format, and a column may be older than its row
/// ([`attribute::VERSION_OF`]).
///
/// Raise it when the meaning of a stored attribute changes: code that does not know the new meaning then leaves such
/// items alone. An attribute that older code may drop, because it writes whole items, needs no new version.
pub const FORMAT: u64 = 2;

/// An item that this code leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Its format is a number that this code does not know: a newer version wrote it.
    Newer(String),
    /// It is not an item of ours.
    Foreign,
}

pub(crate) fn put(item: &mut Item, format: u64) {
    item.insert(attribute::FORMAT.to_owned(), number(format));
}

/// The condition "in a format that is known".
pub(crate) fn known(newest: u64) -> Condition {
    Condition::Any(vec![Condition::absent(attribute::FORMAT), Condition::NumberAtMost(attribute::FORMAT, newest)])
}

/// Checks that an item's format is absent, which means 1, or a version up to `newest`.
pub(crate) fn check(item: &Item, newest: u64) -> Result<(), Unreadable> {
    match item.get(attribute::FORMAT) {
        None => Ok(()),
        Some(AttributeValue::N(format)) if format.parse().is_ok_and(|format: u64| format <= newest) => Ok(()),
        Some(AttributeValue::N(format)) => Err(Unreadable::Newer(format.clone())),
        Some(_) => Err(Unreadable::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::text;

    #[test]
    fn only_formats_up_to_the_newest_are_known() {
        let of = |value: AttributeValue| check(&Item::from([(attribute::FORMAT.to_owned(), value)]), FORMAT);
        assert_eq!(check(&Item::new(), FORMAT), Ok(()));
        for known in 1..=FORMAT {
            assert_eq!(of(number(known)), Ok(()));
        }
        for unknown in ["3", "2.5", "99999999999999999999999", "-1"] {
            assert_eq!(of(AttributeValue::N(unknown.to_owned())), Err(Unreadable::Newer(unknown.to_owned())));
        }
        assert_eq!(of(text("2")), Err(Unreadable::Foreign));
    }
}
