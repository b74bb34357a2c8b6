//! What the processor is told: about the invocation, and about times and bounds.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::pressure::CircuitPolicy;
use crate::retry::RetryPolicy;

/// What the processor knows of the invocation it works for.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Request id.
    pub request_id: String,
    /// Function name.
    pub function: String,
    /// Function version.
    pub function_version: String,
    /// When Lambda will end it.
    pub deadline: Deadline,
}

/// Times and bounds of the processor.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The longest an effect may run; past it a claimed effect is uncertain. Default 10 s.
    pub effect_timeout: Duration,
    /// Added to the effect's timeout for the lease: how far workers' clocks may differ, plus the time between taking
    /// the lease and starting the effect. Default 5 s.
    pub lease_skew: Duration,
    /// Kept free at the end of the invocation for settling and reporting. Default 3 s.
    pub settle_reserve: Duration,
    /// Tries within one invocation.
    pub retry: RetryPolicy,
    /// When a dependency counts as down.
    pub circuit: CircuitPolicy,
    /// What keeps its order.
    pub order: Order,
}

/// Which records of a partition wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// All of them: strictly by offset.
    #[default]
    Partition,
    /// Those of one key, by offset; records without a key wait for each other. See [`crate::RecordHandler::order_key`].
    Key {
        /// How many keys of a partition may be in flight together.
        in_flight: NonZeroUsize,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            effect_timeout: Duration::from_secs(10),
            lease_skew: Duration::from_secs(5),
            settle_reserve: Duration::from_secs(3),
            retry: RetryPolicy::default(),
            circuit: CircuitPolicy::default(),
            order: Order::default(),
        }
    }
}

impl Settings {
    /// What must be left of the invocation before an effect may start.
    pub(crate) fn needed_for_effect(&self) -> Duration {
        self.effect_timeout + self.settle_reserve
    }
}
