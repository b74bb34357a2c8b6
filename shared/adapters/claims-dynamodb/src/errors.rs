//! What DynamoDB's errors mean for a claim.

use std::time::Duration;

use dynamodb_writes::{FailedWrite, WriteFailure};
use event_runtime::StoreError;

use crate::attribute::{NEWEST, Unreadable};

const STORE: &str = "the claims table";

/// Every failure of the table is a retry: none of them says anything about the record.
pub(crate) fn store_error(operation: &'static str, failed: FailedWrite) -> StoreError {
    let code = match failed.failure {
        WriteFailure::Throttled => "claims_throttled",
        WriteFailure::Denied => "claims_denied",
        WriteFailure::TableMissing => "claims_table_missing",
        WriteFailure::Contended => "claims_contended",
        WriteFailure::Rejected => "claims_rejected",
        WriteFailure::Unavailable => "claims_unavailable",
    };
    let cause = failed.cause.unwrap_or_else(|| Box::new(Rejected));
    StoreError { store: STORE, operation, code, retry_after: None, cause }
}

/// DynamoDB does not accept the request; what it says may quote the claim's key.
#[derive(Debug, thiserror::Error)]
#[error("DynamoDB does not accept the write: is the table's only key the text `pk`?")]
struct Rejected;

/// The item is not one that this crate wrote.
#[derive(Debug, thiserror::Error)]
#[error("the claim's item has no readable state; the table holds something else under this key")]
pub(crate) struct ForeignItem;

/// The item is one that only a newer version reads.
#[derive(Debug, thiserror::Error)]
#[error(
    "this claim was written by a newer version (format {format}; this one reads up to {NEWEST}); deploy that version again, or wait until it has settled the claim"
)]
pub(crate) struct NewerItem {
    format: u64,
}

/// The item is left alone, and its record stays pending.
pub(crate) fn unreadable(operation: &'static str, item: Unreadable) -> StoreError {
    let (code, cause): (_, Box<dyn std::error::Error + Send + Sync>) = match item {
        Unreadable::Foreign => ("claims_item_foreign", Box::new(ForeignItem)),
        Unreadable::Newer { format } => ("claims_item_newer", Box::new(NewerItem { format })),
    };
    StoreError { store: STORE, operation, code, retry_after: None, cause }
}

/// Too many others changed the item between our writes.
#[derive(Debug, thiserror::Error)]
#[error("the claim kept changing hands; it was left alone")]
pub(crate) struct Contended;

pub(crate) fn contended(operation: &'static str) -> StoreError {
    let retry_after = Some(Duration::from_millis(50));
    StoreError { store: STORE, operation, code: "claims_contended", retry_after, cause: Box::new(Contended) }
}
