//! What came of a run: the promise that was broken, if any, what went wrong on the way, and what it cost.

use std::collections::{BTreeMap, BTreeSet};

use event_runtime::BatchReport;

use super::rule::Violation;
use super::schedule::{Schedule, Site};
use super::story::Step;

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// What went wrong on the way; the world with this schedule is the same run again.
    pub schedule: Schedule,
    /// Where something could have gone wrong, with how many fates there were; empty unless exploring.
    pub visited: BTreeMap<Site, u32>,
    /// When the worker of each delivery stood at await points, in milliseconds since the delivery began.
    pub moments: BTreeMap<u32, BTreeSet<u64>>,
    /// Deliveries that it took.
    pub deliveries: u32,
    /// What happened, where it was asked for.
    pub story: Vec<Step>,
    /// What became of the records of each delivery that the processor finished; only with a story.
    pub reports: Vec<BatchReport>,
    /// Writes to the claims table, refused ones included.
    pub claim_writes: usize,
    /// Conditional writes of effects, refused ones included.
    pub effect_writes: usize,
    /// Letters in the queue.
    pub letters: usize,
}
