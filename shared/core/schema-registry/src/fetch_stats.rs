//! Counts how often a piece of work, such as a batch, had to wait for schemas, and what fetching them cost.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What the schemas of a piece of work cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchStats {
    /// Keys and values that had to wait for their schema, because no plan was compiled yet. All others were hits; hits are
    /// not counted, because finding a plan takes less time than counting would.
    pub misses: u64,
    /// Requests for a schema that the registry answered, "no such schema" included.
    pub fetches: u64,
    /// Requests for a schema that the registry did not answer.
    pub failures: u64,
    /// How long all those requests took together.
    pub fetch_time: Duration,
}

/// Collects [`FetchStats`] for one piece of work, whose records may be read side by side.
///
/// A request that several pieces of work wait for is counted by the one that sees its answer first, and by that one alone.
#[derive(Debug, Default)]
pub struct FetchCounter {
    misses: AtomicU64,
    fetches: AtomicU64,
    failures: AtomicU64,
    fetch_nanos: AtomicU64,
}

impl FetchCounter {
    /// What was counted so far.
    pub fn stats(&self) -> FetchStats {
        FetchStats {
            misses: self.misses.load(Ordering::Relaxed),
            fetches: self.fetches.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            fetch_time: Duration::from_nanos(self.fetch_nanos.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn missed(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fetched(&self, answered: bool, took: Duration) {
        if answered { &self.fetches } else { &self.failures }.fetch_add(1, Ordering::Relaxed);
        self.fetch_nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
