//! How conditional writes to DynamoDB end: applied, refused over an item, or failed for a reason that is told apart.
//!
//! Requests ask for `ReturnValuesOnConditionCheckFailure::AllOld`, so that a refusal costs no read.

mod failed;
mod transaction;
mod write;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use failed::{FailedWrite, WriteFailure};
pub use transaction::{Transaction, transaction};
pub use write::{Conditional, Write, write};

/// An item's attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An attribute of text.
pub fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// An attribute of a number.
pub fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// The text of an attribute, where it is there and is text.
pub fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
