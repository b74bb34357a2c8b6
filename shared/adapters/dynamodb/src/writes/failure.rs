//! Failures of a write: neither applied nor refused by its condition.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use event_runtime::StoreError;

/// The kinds of failure: of the table, of the right to it, or of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteFailure {
    /// Above the table's or the account's rate.
    Throttled,
    /// The role may not write, or its credentials are not accepted.
    Denied,
    /// The table does not exist in this account and region.
    TableMissing,
    /// Another transaction is changing the same item.
    Contended,
    /// DynamoDB cannot store the item: it is too large, or its keys have the wrong name, type or length.
    Rejected,
    /// No connection, no answer, or DynamoDB's own failure. The write may have been applied.
    Unavailable,
}

/// The error codes of one kind of table, one for each [`WriteFailure`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "each field is the code of the failure that it is named after")]
pub struct FailureCodes {
    pub throttled: &'static str,
    pub denied: &'static str,
    pub table_missing: &'static str,
    pub contended: &'static str,
    pub rejected: &'static str,
    pub unavailable: &'static str,
}

impl WriteFailure {
    /// The failure's code among those of its table.
    pub fn code(self, codes: &FailureCodes) -> &'static str {
        match self {
            WriteFailure::Throttled => codes.throttled,
            WriteFailure::Denied => codes.denied,
            WriteFailure::TableMissing => codes.table_missing,
            WriteFailure::Contended => codes.contended,
            WriteFailure::Rejected => codes.rejected,
            WriteFailure::Unavailable => codes.unavailable,
        }
    }

    fn message(self) -> &'static str {
        match self {
            WriteFailure::Throttled => {
                "DynamoDB throttled the write: the table or the account is at its limit; wait, or raise the capacity"
            }
            WriteFailure::Denied => {
                "DynamoDB denied the write: give the function's role the right to this table, and check its credentials"
            }
            WriteFailure::TableMissing => "the table does not exist in this account and region",
            WriteFailure::Contended => "other writes to the same item were under way; it is tried again",
            WriteFailure::Rejected => {
                "DynamoDB rejected the write: the item is too large (400 KB at most), or the names, types or lengths of its keys are not those of the table"
            }
            WriteFailure::Unavailable => {
                "DynamoDB was not reached, did not answer or failed itself; the write may have been applied"
            }
        }
    }
}

/// A write that was neither applied nor refused by its condition.
#[derive(Debug, thiserror::Error)]
#[error("{}", .failure.message())]
pub struct FailedWrite {
    /// What failed.
    pub failure: WriteFailure,
    /// The SDK's error. `None` where DynamoDB's message may quote the item.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl FailedWrite {
    /// The failure as a store's, which is always a retry.
    pub fn into_store_error(self, store: &'static str, operation: &'static str, codes: &FailureCodes) -> StoreError {
        StoreError { store, operation, code: self.failure.code(codes), retry_after: None, cause: Box::new(self) }
    }

    pub(super) fn of<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        FailedWrite::because(by_code(error.code()), error)
    }

    pub(super) fn because(failure: WriteFailure, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let cause: Option<Box<dyn std::error::Error + Send + Sync>> = match failure {
            WriteFailure::Rejected => None,
            WriteFailure::Throttled
            | WriteFailure::Denied
            | WriteFailure::TableMissing
            | WriteFailure::Contended
            | WriteFailure::Unavailable => Some(Box::new(error)),
        };
        FailedWrite { failure, cause }
    }
}

/// DynamoDB's error codes are an open set; an unknown one counts as [`WriteFailure::Unavailable`].
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
fn by_code(code: Option<&str>) -> WriteFailure {
    match code {
        Some(
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException",
        ) => WriteFailure::Throttled,
        Some(
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException",
        ) => WriteFailure::Denied,
        Some("ResourceNotFoundException") => WriteFailure::TableMissing,
        Some("TransactionConflictException" | "TransactionInProgressException") => WriteFailure::Contended,
        Some("ValidationException" | "ItemCollectionSizeLimitExceededException") => WriteFailure::Rejected,
        Some(_) | None => WriteFailure::Unavailable,
    }
}

/// The same for the reasons of a cancelled transaction, which have other names.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub(super) fn by_cancellation(code: &str) -> WriteFailure {
    match code {
        "ThrottlingError" | "ProvisionedThroughputExceeded" => WriteFailure::Throttled,
        "TransactionConflict" => WriteFailure::Contended,
        "ValidationError" | "ItemCollectionSizeLimitExceeded" => WriteFailure::Rejected,
        "AccessDenied" => WriteFailure::Denied,
        _ => WriteFailure::Unavailable,
    }
}
