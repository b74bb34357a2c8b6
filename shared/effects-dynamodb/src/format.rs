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

/// The version of an item's format where that is newer than what is known.
pub(crate) fn unknown(item: &Item) -> Option<u64> {
    let AttributeValue::N(format) = item.get(attribute::FORMAT)? else { return None };
    format.parse().ok().filter(|format| *format > FORMAT)
}
