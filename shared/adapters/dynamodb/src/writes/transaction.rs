//! Several conditional writes that happen together or not at all.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use super::failure::{FailedWrite, WriteFailure, by_cancellation};
use crate::value::Item;

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transaction {
    /// All conditions held; everything is written.
    Applied,
    /// Nothing is written. For each write, in the request's order, the item that its condition failed over; `None`
    /// where it did not fail, or where no item was there.
    Refused(Vec<Option<Item>>),
}

const CONDITION_FAILED: &str = "ConditionalCheckFailed";
const NO_REASON: &str = "None";

/// Reads the answer to a transaction.
///
/// # Errors
/// [`FailedWrite`] where it was neither applied nor refused by a condition.
pub(super) fn transaction<O>(result: Result<O, SdkError<TransactWriteItemsError>>) -> Result<Transaction, FailedWrite> {
    let error = match result {
        Ok(_) => return Ok(Transaction::Applied),
        Err(error) => error,
    };
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Err(FailedWrite::of(error));
    };
    let reasons = cancelled.cancellation_reasons();
    // A failed condition decides, whatever the other reasons are: it was evaluated.
    if reasons.iter().any(|reason| reason.code() == Some(CONDITION_FAILED)) {
        return Ok(Transaction::Refused(reasons.iter().map(refused_over).collect()));
    }
    let failure = reasons.iter().filter_map(CancellationReason::code).find(|code| *code != NO_REASON);
    let failure = failure.map_or(WriteFailure::Unavailable, by_cancellation);
    Err(FailedWrite::because(failure, error))
}

fn refused_over(reason: &CancellationReason) -> Option<Item> {
    let failed = reason.code() == Some(CONDITION_FAILED);
    reason.item().filter(|item| failed && !item.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn cancelled(reasons: &[(&str, Option<Item>)]) -> Result<Transaction, FailedWrite> {
        let reasons = reasons
            .iter()
            .map(|(code, item)| CancellationReason::builder().code(*code).set_item(item.clone()).build())
            .collect();
        let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        let response = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::empty());
        let error = TransactWriteItemsError::TransactionCanceledException(error);
        transaction(Err::<(), _>(SdkError::service_error(error, response)))
    }

    #[test]
    fn a_failed_condition_shows_the_item_that_it_failed_over() {
        let item = Item::from([("pk".to_owned(), AttributeValue::S("1".to_owned()))]);
        let end = cancelled(&[(CONDITION_FAILED, Some(item.clone())), (NO_REASON, None)]).unwrap();
        assert_eq!(end, Transaction::Refused(vec![Some(item), None]));
        let end = cancelled(&[("TransactionConflict", None), (CONDITION_FAILED, None)]).unwrap();
        assert_eq!(end, Transaction::Refused(vec![None, None]));
    }

    #[test]
    fn each_other_reason_of_a_cancellation_has_its_failure() {
        for (reason, failure) in [
            ("ThrottlingError", WriteFailure::Throttled),
            ("TransactionConflict", WriteFailure::Contended),
            ("ValidationError", WriteFailure::Rejected),
            ("SomethingNew", WriteFailure::Unavailable),
        ] {
            assert_eq!(cancelled(&[(NO_REASON, None), (reason, None)]).unwrap_err().failure, failure, "{reason}");
        }
        assert_eq!(cancelled(&[]).unwrap_err().failure, WriteFailure::Unavailable);
    }
}
