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
    /// What is done about a claimed effect that may or may not have happened.
    pub uncertain: WhenUncertain,
    /// Whether a lane stops that parks record after record with one code that is not the records' own fault. Off, a
    /// broken deployment drains its topic into the dead letters. Default on.
    pub flood_guard: bool,
    /// Records in flight across all lanes and all invocations of the process. Default 128.
    pub max_records_in_flight: NonZeroUsize,
    /// Bytes of keys and values that those records may take, out of their base64 (a body that travels compressed
    /// counts as it travels). A larger record goes alone. Default 32 MiB.
    pub max_bytes_in_flight: NonZeroUsize,
}

/// What is done about a claimed effect of which nobody knows whether it happened: its worker died, its time ran out, or
/// its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenUncertain {
    /// Parked, for a person to decide.
    #[default]
    Park,
    /// Repeated, like a failure of which it is known that nothing happened: at least once instead of at most once. A
    /// panic is parked all the same: it would come again.
    Repeat,
}

const DEFAULT_RECORDS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);
const DEFAULT_BYTES_IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32 * 1024 * 1024 - 1);

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
            uncertain: WhenUncertain::default(),
            flood_guard: true,
            max_records_in_flight: DEFAULT_RECORDS_IN_FLIGHT,
            max_bytes_in_flight: DEFAULT_BYTES_IN_FLIGHT,
        }
    }
}

impl Settings {
    /// What must be left of the invocation before an effect may start.
    pub(crate) fn needed_for_effect(&self) -> Duration {
        self.effect_timeout + self.settle_reserve
    }
}
