//! What a store that cannot be asked says.

use std::time::Duration;

use crate::failure::{Disposition, Failure};

/// Why the store of claims or letters could not be asked. Nothing is known to have changed.
#[derive(Debug, thiserror::Error)]
#[error("{store} did not {operation}")]
pub struct StoreError {
    /// Which store, for a reader: "claims table", "dead-letter queue".
    pub store: &'static str,
    /// What was asked of it: "claim", "complete", "store a letter".
    pub operation: &'static str,
    /// The failure's bounded name.
    pub code: &'static str,
    /// How long the store asked us to wait.
    pub retry_after: Option<Duration>,
    /// What the adapter saw.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl Failure for StoreError {
    /// Always a retry: a store that is down, or refuses us by its policy, must not drain a topic into the dead letters.
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: self.retry_after }
    }
    fn code(&self) -> &'static str {
        self.code
    }
}
