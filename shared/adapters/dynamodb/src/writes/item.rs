//! A conditional write of one item.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::failure::FailedWrite;
use crate::value::Item;

/// The end of a conditional write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// The condition held; the item is written.
    Applied,
    /// The condition failed over this item; `None` where there was none.
    Refused(Option<Item>),
}

/// Reads the answer to a conditional write.
///
/// # Errors
/// [`FailedWrite`] where it was neither applied nor refused by its condition.
pub fn write<O, E: Conditional>(result: Result<O, SdkError<E>>) -> Result<Write, FailedWrite> {
    match result {
        Ok(_) => Ok(Write::Applied),
        Err(error) => match error.as_service_error().and_then(Conditional::refused) {
            Some(item) => Ok(Write::Refused(item)),
            None => Err(FailedWrite::of(error)),
        },
    }
}

/// The errors of DynamoDB's three conditional writes, which share no type.
pub trait Conditional: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::writes::failure::WriteFailure;

    fn answered(error: PutItemError) -> Result<Write, FailedWrite> {
        let response = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::empty());
        write(Err::<(), _>(SdkError::service_error(error, response)))
    }

    fn named(code: &str) -> PutItemError {
        PutItemError::generic(
            aws_sdk_dynamodb::error::ErrorMetadata::builder().code(code).message("quotes ada@example.com").build(),
        )
    }

    #[test]
    fn a_failed_condition_is_a_refusal_with_the_item_that_was_there() {
        let there = HashMap::from([("pk".to_owned(), AttributeValue::S("1".to_owned()))]);
        for (item, expected) in [(there.clone(), Some(there)), (HashMap::new(), None)] {
            let failed = ConditionalCheckFailedException::builder().set_item(Some(item)).build();
            let end = answered(PutItemError::ConditionalCheckFailedException(failed)).unwrap();
            assert_eq!(end, Write::Refused(expected));
        }
    }

    #[test]
    fn each_error_code_of_dynamodb_has_its_failure() {
        for (code, failure) in [
            ("ProvisionedThroughputExceededException", WriteFailure::Throttled),
            ("ThrottlingException", WriteFailure::Throttled),
            ("AccessDeniedException", WriteFailure::Denied),
            ("ResourceNotFoundException", WriteFailure::TableMissing),
            ("TransactionInProgressException", WriteFailure::Contended),
            ("ValidationException", WriteFailure::Rejected),
            ("InternalServerError", WriteFailure::Unavailable),
            ("SomethingNew", WriteFailure::Unavailable),
        ] {
            assert_eq!(answered(named(code)).unwrap_err().failure, failure, "{code}");
        }
    }

    #[test]
    fn dynamodbs_message_about_a_rejected_item_is_not_kept() {
        assert!(answered(named("ValidationException")).unwrap_err().cause.is_none());
        assert!(answered(named("ThrottlingException")).unwrap_err().cause.is_some());
    }
}
