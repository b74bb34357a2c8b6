//! What DynamoDB's errors mean for a claim.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use event_runtime::StoreError;

const STORE: &str = "the claims table";

/// Every failure of the table is a retry: none of them says anything about the record.
pub(crate) fn store_error<E>(operation: &'static str, error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = match error.code() {
        Some(
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException",
        ) => "claims_throttled",
        Some("AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException") => "claims_denied",
        Some("ResourceNotFoundException") => "claims_table_missing",
        _ => "claims_unavailable",
    };
    StoreError { store: STORE, operation, code, retry_after: None, cause: Box::new(error) }
}

/// The item is not one that this crate wrote.
#[derive(Debug, thiserror::Error)]
#[error("the claim's item has no readable state; the table holds something else under this key")]
pub(crate) struct ForeignItem;

pub(crate) fn foreign_item(operation: &'static str) -> StoreError {
    StoreError { store: STORE, operation, code: "claims_item_foreign", retry_after: None, cause: Box::new(ForeignItem) }
}

/// Too many others changed the item between our writes.
#[derive(Debug, thiserror::Error)]
#[error("the claim kept changing hands; it was left alone")]
pub(crate) struct Contended;

pub(crate) fn contended(operation: &'static str) -> StoreError {
    let retry_after = Some(Duration::from_millis(50));
    StoreError { store: STORE, operation, code: "claims_contended", retry_after, cause: Box::new(Contended) }
}
