//! The outcome of each record, and of the batch.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_events::BatchResponse;
use schema_registry::FetchStats;

use crate::failure::Stage;

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Its effect is recorded.
    Done,
    /// Its effect was recorded, or given up, by an earlier delivery.
    Duplicate,
    /// Skipped on purpose, for this reason.
    Skipped(&'static str),
    /// Given up: its dead letter is stored, with this error code.
    DeadLettered(&'static str),
    /// Still pending, for this reason: the event source must deliver it again.
    Unfinished(&'static str),
}

impl Outcome {
    /// Everything but [`Outcome::Unfinished`].
    pub fn is_finished(self) -> bool {
        !matches!(self, Outcome::Unfinished(_))
    }
}

/// Time spent in each stage, summed over records that run concurrently: the sum can exceed the batch's duration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes([Duration; 5]);

impl StageTimes {
    /// Adds to a stage.
    pub fn add(&mut self, stage: Stage, spent: Duration) {
        if let Some(sum) = self.0.get_mut(stage as usize) {
            *sum += spent;
        }
    }

    /// Adds everything of another.
    pub fn merge(&mut self, other: &StageTimes) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    /// Each stage with its sum.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, Duration)> {
        [Stage::Scan, Stage::Decode, Stage::Claim, Stage::Handle, Stage::Settle].into_iter().zip(self.0)
    }
}

/// What became of one record, and what it took.
#[derive(Debug)]
pub(crate) struct RecordReport {
    pub(crate) outcome: Outcome,
    pub(crate) stages: StageTimes,
    pub(crate) retries: usize,
}

impl RecordReport {
    /// A record that was not started.
    pub(crate) fn not_started(outcome: Outcome) -> Self {
        RecordReport { outcome, stages: StageTimes::default(), retries: 0 }
    }
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct BatchReport {
    /// Records by outcome.
    pub outcomes: BTreeMap<Outcome, usize>,
    /// Unfinished records in the event source mapping's format, without those whose offset cannot be read.
    pub unfinished: BatchResponse,
    /// Unfinished records whose offset could not be read: they are delivered again only if the whole invocation fails.
    pub unfinished_without_offset: usize,
    /// How long the batch took, from the event's bytes to the last record.
    pub duration: Duration,
    /// Where the time went.
    pub stages: StageTimes,
    /// The oldest record's age when the batch started, by its Kafka timestamp.
    pub oldest_record_age: Option<Duration>,
    /// In-process retries.
    pub retries: usize,
    /// The schemas that its records had to wait for. Batches that run at the same time do not count each other's: a
    /// request that several of them wait for is counted by the one that sees its answer first.
    pub schemas: FetchStats,
    /// The id of the letter that this event redrives, if it is a redrive.
    pub redriven: Option<String>,
    /// Topic-partitions that stopped because too many of their records were dead-lettered with one code: most likely
    /// the deployment is broken.
    pub partitions_stopped_by_flood_guard: usize,
}

impl BatchReport {
    /// All records.
    pub fn records(&self) -> usize {
        self.outcomes.values().sum()
    }

    /// Records that are still pending.
    pub fn unfinished_records(&self) -> usize {
        self.outcomes.iter().filter(|(outcome, _)| !outcome.is_finished()).map(|(_, count)| count).sum()
    }

    pub(crate) fn count(&mut self, outcome: Outcome) {
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}
