//! Errors of the claims table. Each is a retry: it is about the table, never about the record.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use event_runtime::StoreError;

use super::item::NEWEST;
use crate::format::Unreadable;
use crate::writes::{self, Conditional, FailureCodes, Write};

const STORE: &str = "the claims table";

const CODES: FailureCodes = FailureCodes {
    throttled: "claims_throttled",
    denied: "claims_denied",
    table_missing: "claims_table_missing",
    contended: "claims_contended",
    rejected: "claims_rejected",
    unavailable: "claims_unavailable",
};

/// Reads the answer to a conditional write of a claim.
pub(super) fn write<O, E: Conditional>(
    operation: &'static str,
    result: Result<O, SdkError<E>>,
) -> Result<Write, StoreError> {
    writes::write(result).map_err(|failed| failed.into_store_error(STORE, operation, &CODES))
}

/// The item is not a claim of ours.
#[derive(Debug, thiserror::Error)]
#[error(
    "the item under this claim's key is not a claim: it has no state or token that can be read; keep the table for claims alone"
)]
struct ForeignItem;

/// Only a newer version reads the item.
#[derive(Debug, thiserror::Error)]
#[error(
    "this claim was written by a newer version (format {format}; this version reads up to {NEWEST}); deploy the newer version again, or wait until it has settled the claim"
)]
struct NewerItem {
    format: String,
}

/// The item is left alone, and its record stays pending.
pub(super) fn unreadable(operation: &'static str, item: Unreadable) -> StoreError {
    let (code, cause): (_, Box<dyn std::error::Error + Send + Sync>) = match item {
        Unreadable::Foreign => ("claims_item_foreign", Box::new(ForeignItem)),
        Unreadable::Newer(format) => ("claims_item_newer", Box::new(NewerItem { format })),
    };
    StoreError { store: STORE, operation, code, retry_after: None, cause }
}

/// Other workers changed the item between our writes too often.
#[derive(Debug, thiserror::Error)]
#[error("other workers changed the claim between our writes again and again; it was left alone and is tried again")]
struct Contended;

pub(super) fn contended(operation: &'static str) -> StoreError {
    let retry_after = Some(Duration::from_millis(50));
    StoreError { store: STORE, operation, code: CODES.contended, retry_after, cause: Box::new(Contended) }
}
