//! Which version of the items' format an item is written in.

use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb_writes::{Item, number};

use crate::attribute;
use crate::condition::Condition;

/// The version that this code writes, and the newest that it knows. Version 1 has no such attribute; since version 2 an
/// item says which one it is, and a column may be older than its row ([`attribute::VERSION_OF`]).
///
/// Whoever changes what a stored attribute means raises it: code that does not know the new meaning then leaves such
/// items alone. An attribute that older code may lose, because it writes whole items, needs no new version.
pub const FORMAT: u64 = 2;

pub(crate) fn put(item: &mut Item) {
    item.insert(attribute::FORMAT.to_owned(), number(FORMAT));
}

/// The condition "in a format that is known".
pub(crate) fn known() -> Condition {
    Condition::Any(vec![Condition::absent(attribute::FORMAT), Condition::NumberAtMost(attribute::FORMAT, FORMAT)])
}

/// What an item says of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// A version that is known, or none, which is the first one.
    Known,
    /// A number that is no version this code knows.
    Unknown(String),
    /// Something else than a number: this attribute is not ours.
    Foreign,
}

/// What an item says of its format.
pub(crate) fn said(item: &Item) -> Said {
    match item.get(attribute::FORMAT) {
        None => Said::Known,
        Some(AttributeValue::N(format)) if format.parse().is_ok_and(|format: u64| format <= FORMAT) => Said::Known,
        Some(AttributeValue::N(format)) => Said::Unknown(format.clone()),
        Some(_) => Said::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use dynamodb_writes::text;

    use super::*;

    #[test]
    fn only_known_numbers_are_known() {
        let of = |value: AttributeValue| said(&Item::from([(attribute::FORMAT.to_owned(), value)]));
        assert_eq!(said(&Item::new()), Said::Known);
        for known in 1..=FORMAT {
            assert_eq!(of(number(known)), Said::Known);
        }
        for unknown in ["3", "2.5", "99999999999999999999999", "-1"] {
            assert_eq!(of(AttributeValue::N(unknown.to_owned())), Said::Unknown(unknown.to_owned()));
        }
        assert_eq!(of(text("2")), Said::Foreign);
    }
}
