//! [`StoreError`]: why a store did not answer.

use std::time::Duration;

use crate::failure::{Disposition, Failure};

/// Why the store of claims or letters did not answer as it should. Nothing is known to have changed.
#[derive(Debug, thiserror::Error)]
#[error("{store} did not {operation}")]
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

impl Failure for StoreError {
    /// Always a retry: a store that is down, or denies access, must not drain a topic into the dead letters.
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: self.retry_after }
    }
    fn code(&self) -> &'static str {
        self.code
    }
}
