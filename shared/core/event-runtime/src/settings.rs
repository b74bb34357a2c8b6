//! The processor's settings: times, limits and order; and the invocation that it works for.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use schema_registry::{FrameFormat, Frames};

use crate::circuit::CircuitPolicy;
use crate::deadline::Deadline;
use crate::retry::RetryPolicy;

/// The invocation that the processor works for.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Request id.
    pub request_id: String,
    /// Function name.
    pub function: String,
    /// Function version.
    pub function_version: String,
    /// When Lambda ends it.
    pub deadline: Deadline,
}

/// Times, limits and order of the processor.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The longest an effect may run; past it a claimed effect is uncertain. Default 10 s.
    pub effect_timeout: Duration,
    /// Added to the effect's timeout for the lease: how far workers' clocks may differ, plus the time between taking
    /// the lease and starting the effect. Default 5 s. Less than [`Settings::LEAST_LEASE_SKEW`] counts as that.
    pub lease_skew: Duration,
    /// Kept free at the end of the invocation for settling and reporting. Default 3 s.
    pub settle_reserve: Duration,
    /// Tries within one invocation.
    pub retry: RetryPolicy,
    /// When a dependency counts as down.
    pub circuit: CircuitPolicy,
    /// Which records keep their order.
    pub order: Order,
    /// How keys and values name their schemas: keys are ordered by their bytes after the frame, and logs and dead letters
    /// name the schemas. Default Confluent for both.
    pub frames: Frames,
    /// The maximum age of a redriven record, by its Kafka timestamp: this is how long the effects' guard remembers
    /// later changes, such as the deletion of a row. An older record, or one whose age is unknown, is refused as
    /// `redrive_too_old`. `None`, the default, is for guards that forget nothing.
    pub redrive_within: Option<Duration>,
    /// What happens to a record whose claimed effect may or may not have happened.
    pub uncertain: WhenUncertain,
    /// Topic-partitions for which the flood guard is off: they do not stop, however many records are dead-lettered with
    /// one code. Default none.
    pub drain: Drain,
    /// Records in flight across all partitions and all invocations of the process. Default 128.
    pub max_records_in_flight: NonZeroUsize,
    /// Bytes of keys and values that those records may take, out of their base64 and inflated. A larger
    /// record goes alone. Default 32 MiB.
    pub max_bytes_in_flight: NonZeroUsize,
}

/// Topic-partitions for which an operator has switched the flood guard off: every record there that cannot be handled
/// is dead-lettered, however many there are, and the rest goes on. A broken deployment drains them into the dead
/// letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Drain {
    /// None.
    #[default]
    Nothing,
    /// Those with these names, as the event spells them: `topic-partition`.
    Partitions(BTreeSet<String>),
    /// All of them.
    Everything,
}

impl Drain {
    pub(crate) fn covers(&self, partition: &str) -> bool {
        match self {
            Drain::Nothing => false,
            Drain::Partitions(partitions) => partitions.contains(partition),
            Drain::Everything => true,
        }
    }
}

/// What happens to a record whose claimed effect is uncertain: its worker died, its time ran out, or its answer was
/// lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenUncertain {
    /// The record is dead-lettered and its claim parked: a person decides.
    #[default]
    Park,
    /// The effect is repeated, as after a failure that proves that nothing happened: at least once instead of at most
    /// once. A panic is dead-lettered in both cases: it would happen again.
    Repeat,
}

const DEFAULT_RECORDS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);
const DEFAULT_BYTES_IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32 * 1024 * 1024 - 1);

/// Which records of a partition wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// All of them, strictly by offset.
    #[default]
    Partition,
    /// Those of one key, by offset; records without a key wait for each other. A key is its bytes after the frame, see
    /// [`Settings::frames`].
    Key {
        /// How many keys of a partition may be in flight at the same time.
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
            frames: Frames::both(FrameFormat::Confluent),
            redrive_within: None,
            uncertain: WhenUncertain::default(),
            drain: Drain::default(),
            max_records_in_flight: DEFAULT_RECORDS_IN_FLIGHT,
            max_bytes_in_flight: DEFAULT_BYTES_IN_FLIGHT,
        }
    }
}

impl Settings {
    /// The minimum by which a lease exceeds its effect's timeout. A lease starts before its claim is written, and an
    /// effect starts only if it can end within the lease: without this margin none would ever start.
    pub const LEAST_LEASE_SKEW: Duration = Duration::from_secs(1);

    /// How long a claim is held for its effect.
    pub(crate) fn lease(&self) -> Duration {
        self.effect_timeout.saturating_add(self.lease_skew.max(Self::LEAST_LEASE_SKEW))
    }

    /// What must be left of the invocation before an effect may start.
    pub(crate) fn needed_for_effect(&self) -> Duration {
        self.effect_timeout + self.settle_reserve
    }
}
