//! Why a write was neither applied nor refused by its condition.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What a failed write says about the table, the right to it, or the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteFailure {
    /// Above the table's or the account's rate.
    Throttled,
    /// The role may not write, or its credentials are not accepted.
    Denied,
    /// There is no such table in this region.
    TableMissing,
    /// Another transaction has its hands on the same item.
    Contended,
    /// DynamoDB cannot store what was sent: too large, a key of the wrong type or length.
    Rejected,
    /// No connection, no answer, or DynamoDB's own failure. The write may have been applied.
    Unavailable,
}

/// A write that was neither applied nor refused by its condition.
#[derive(Debug, thiserror::Error)]
#[error("DynamoDB did not write")]
pub struct FailedWrite {
    /// What it says.
    pub failure: WriteFailure,
    /// What the SDK saw. `None` where DynamoDB's own words may quote what was to be stored.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl FailedWrite {
    pub(crate) fn of<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        FailedWrite::because(by_code(error.code()), error)
    }

    pub(crate) fn because(failure: WriteFailure, error: impl std::error::Error + Send + Sync + 'static) -> Self {
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

/// DynamoDB's error codes are an open set: what is not known here is a store that cannot be asked.
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

/// The same for the reasons of a cancelled transaction, which have names of their own.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub(crate) fn by_cancellation(code: &str) -> WriteFailure {
    match code {
        "ThrottlingError" | "ProvisionedThroughputExceeded" => WriteFailure::Throttled,
        "TransactionConflict" => WriteFailure::Contended,
        "ValidationError" | "ItemCollectionSizeLimitExceeded" => WriteFailure::Rejected,
        "AccessDenied" => WriteFailure::Denied,
        _ => WriteFailure::Unavailable,
    }
}
