//! One batch: lanes side by side, records of a lane in order.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kafka_events::{Event, ScanError};
use tokio::time::Instant;

use crate::claims::{Claims, UnixMillis};
use crate::deadline::Deadline;
use crate::handler::RecordHandler;
use crate::lane::{Batch, LaneReport, run_lane};
use crate::letter::DeadLetters;
use crate::outcome::BatchReport;
use crate::pressure::{Circuit, CircuitPolicy, RetryBudget};
use crate::retry::RetryPolicy;

/// The wall clock that leases are measured by. Workers compare each other's, so a lease includes their skew.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UnixMillis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

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
    /// Those of one key, by offset; records without a key wait for each other. See [`RecordHandler::order_key`].
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

/// Runs a handler over batches of Kafka records.
pub struct Processor<H> {
    pub(crate) handler: H,
    pub(crate) claims: Arc<dyn Claims>,
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Outlives the batch: a dependency that is down stays down for the next one.
    pub(crate) circuit: Circuit,
}

impl<H: RecordHandler> Processor<H> {
    /// A processor with the machine's clock.
    pub fn new(handler: H, claims: Arc<dyn Claims>, dead_letters: Arc<dyn DeadLetters>, settings: Settings) -> Self {
        let circuit = Circuit::new(settings.circuit);
        Processor { handler, claims, dead_letters, clock: Arc::new(SystemClock), settings, circuit }
    }

    /// The same with another clock.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Processor { clock, ..self }
    }

    /// Takes every record of an event as far as it gets. Lanes are polled in the calling task; nothing is spawned,
    /// so events may borrow from `body`.
    ///
    /// # Errors
    /// Only when the event's JSON cannot be delimited: then nothing was started.
    pub async fn process(&self, body: &[u8], invocation: &Invocation) -> Result<BatchReport, ScanError> {
        let started = Instant::now();
        let event = Event::scan(body)?;
        let mut report = BatchReport::default();
        report.stages.add(crate::Stage::Scan, started.elapsed());

        let now = self.clock.now();
        let retries = RetryBudget::for_records(event.lanes.iter().map(|lane| lane.records.len()).sum());
        let mut lanes: FuturesUnordered<_> = event
            .lanes
            .iter()
            .map(|lane| {
                run_lane(Batch { processor: self, event: &event, invocation, retries: &retries, started: now }, lane)
            })
            .collect();
        while let Some(lane) = lanes.next().await {
            merge(&mut report, lane);
        }
        report.duration = started.elapsed();
        Ok(report)
    }
}

fn merge(report: &mut BatchReport, lane: LaneReport) {
    for outcome in lane.outcomes {
        report.count(outcome);
    }
    for (name, offset) in lane.unfinished {
        match offset {
            Some(offset) => report.unfinished.report(name, offset),
            None => report.unfinished_without_offset += 1,
        }
    }
    report.stages.merge(&lane.stages);
    report.retries += lane.retries;
    report.oldest_record_age = report.oldest_record_age.max(lane.oldest_record_age);
}
