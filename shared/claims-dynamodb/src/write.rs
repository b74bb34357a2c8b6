//! A conditional write either held, or tells what stood in its way.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use event_runtime::StoreError;

use crate::attribute::Item;
use crate::errors::store_error;

/// The end of a conditional write.
pub(crate) enum Write {
    Applied,
    /// The condition failed over this item; `None` where there was none.
    Refused(Option<Item>),
}

pub(crate) fn write<O, E: Conditional>(
    operation: &'static str,
    result: Result<O, SdkError<E>>,
) -> Result<Write, StoreError> {
    match result {
        Ok(_) => Ok(Write::Applied),
        Err(error) => match error.as_service_error().and_then(Conditional::refused) {
            Some(item) => Ok(Write::Refused(item)),
            None => Err(store_error(operation, error)),
        },
    }
}

/// The errors of DynamoDB's three conditional writes, which share no type.
pub(crate) trait Conditional: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static {
    /// `Some` where the condition failed, with the item that it failed over.
    fn refused(&self) -> Option<Option<Item>>;
}

macro_rules! conditional {
    ($($error:ident),+) => {$(
        impl Conditional for $error {
            fn refused(&self) -> Option<Option<Item>> {
                match self {
                    // DynamoDB sends an empty item where there was none.
                    $error::ConditionalCheckFailedException(failed) => {
                        Some(failed.item().filter(|item| !item.is_empty()).cloned())
                    }
                    _ => None,
                }
            }
        }
    )+};
}

conditional!(PutItemError, UpdateItemError, DeleteItemError);
