//! The result of a run: the invariant that was broken, if any, the faults that happened, and the writes.

use std::collections::{BTreeMap, BTreeSet};

use event_runtime::BatchReport;

use super::rule::Violation;
use super::schedule::{Schedule, Site};
use super::story::Step;

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    /// The first invariant that was broken.
    pub violation: Option<Violation>,
    /// The faults that happened; the world with this schedule gives the same run again.
    pub schedule: Schedule,
    /// The places where a fault could have happened, with the number of possible faults; empty unless exploring.
    pub visited: BTreeMap<Site, u32>,
    /// The await points of each delivery's worker, in milliseconds since the delivery began.
    pub moments: BTreeMap<u32, BTreeSet<u64>>,
    /// The number of deliveries.
    pub deliveries: u32,
    /// The steps, if they were requested.
    pub story: Vec<Step>,
    /// The outcomes of each delivery that the processor finished; only with a story.
    pub reports: Vec<BatchReport>,
    /// Writes to the claims table, refused ones included.
    pub claim_writes: usize,
    /// Conditional writes of effects, refused ones included.
    pub effect_writes: usize,
    /// Letters in the queue.
    pub letters: usize,
}
