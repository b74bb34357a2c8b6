//! The clock of a worker, which may be ahead of the true time.

use std::time::Duration;

use event_runtime::{Clock, UnixMillis};
use tokio::time::Instant;

use super::world::START;

/// A worker's clock, which may be ahead of the true time.
pub(crate) struct WorkerClock {
    pub(crate) started: Instant,
    pub(crate) ahead: Duration,
}

impl Clock for WorkerClock {
    fn now(&self) -> UnixMillis {
        START.plus(self.started.elapsed()).plus(self.ahead)
    }
}
