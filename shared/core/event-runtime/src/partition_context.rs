//! The context in which the records of a topic-partition are processed, and the time that is left for them.

use std::future::Future;
use std::time::Duration;

use kafka_events::Event;
use schema_registry::FetchCounter;
use tokio::time::timeout;

use crate::failure_log::FailureLog;
use crate::flood_guard::FloodGuard;
use crate::processor_context::ProcessorContext;
use crate::retry::RetryBudget;
use crate::safeguards::{Safeguard, is_enabled};
use crate::settings::Invocation;

/// What all records of a topic-partition are processed with.
pub(crate) struct PartitionContext<'a, H> {
    pub(crate) processor: &'a ProcessorContext<H>,
    pub(crate) event: &'a Event<'a>,
    pub(crate) partition_name: &'a str,
    pub(crate) invocation: &'a Invocation,
    pub(crate) retries: &'a RetryBudget,
    pub(crate) failures: &'a FailureLog,
    pub(crate) fetches: &'a FetchCounter,
    pub(crate) flood: &'a FloodGuard<'a>,
}

impl<H> PartitionContext<'_, H> {
    /// Whether an effect that starts now can end, and be settled, within the invocation.
    pub(crate) fn allows_effect(&self) -> bool {
        self.invocation.deadline.allows(self.processor.settings.needed_for_effect())
    }

    /// Whether an effect could still start after a pause.
    pub(crate) fn allows_pause(&self, pause: Duration) -> bool {
        self.invocation.deadline.allows(pause + self.processor.settings.needed_for_effect())
            || !is_enabled(Safeguard::PauseFits)
    }

    /// Whether the reserve for writes to the stores is still left.
    pub(crate) fn can_still_settle(&self) -> bool {
        self.invocation.deadline.allows(self.processor.settings.settle_reserve)
    }

    /// Runs a future until only the reserve is left; `None` if it has not ended by then.
    pub(crate) async fn before_reserve<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.invocation.deadline.left() {
            None => Some(future.await),
            Some(left) => timeout(left.saturating_sub(self.processor.settings.settle_reserve), future).await.ok(),
        }
    }
}
