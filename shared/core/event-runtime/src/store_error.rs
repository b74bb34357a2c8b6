//! [`StoreError`]: why a store did not answer.

use std::time::Duration;

use crate::failure::Failure;
use crate::foreign_codes::STORES;

/// Why the store of claims or letters did not answer as it should. Nothing is known to have changed.
///
/// Always a retry: a store that is down, or denies access, must not drain a topic into the dead letters.
#[derive(Debug, Failure)]
#[failure("{store} did not {operation}", retry(after = retry_after), code = code, codes = STORES)]
pub struct StoreError {
    /// Which store, in words: "claims table", "dead-letter queue".
    pub store: &'static str,
    /// The operation: "claim", "complete", "store a letter".
    pub operation: &'static str,
    /// The failure's bounded name.
    pub code: &'static str,
    /// How long the store asked the caller to wait.
    pub retry_after: Option<Duration>,
    /// The adapter's own error.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}
