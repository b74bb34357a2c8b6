//! A conditional write either held, or tells what stood in its way.

use aws_sdk_dynamodb::error::SdkError;
use dynamodb_writes::Conditional;
pub(crate) use dynamodb_writes::Write;
use event_runtime::StoreError;

use crate::errors::store_error;

pub(crate) fn write<O, E: Conditional>(
    operation: &'static str,
    result: Result<O, SdkError<E>>,
) -> Result<Write, StoreError> {
    dynamodb_writes::write(result).map_err(|failed| store_error(operation, failed))
}

/// Part of a condition, over `#format` and `:format`: no newer version wrote the item.
pub(crate) const READABLE: &str = "(attribute_not_exists(#format) OR #format <= :format)";
