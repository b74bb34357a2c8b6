//! What this process's caches did, for its metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What the caches of this process did since it was last asked.
///
/// A process is one function, so there is one count for all of its caches; whoever writes metrics [takes](Self::take)
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Keys and values that had to wait for their schema, because no plan was at hand. All others were hits: those are
    /// not counted, because finding a plan takes less time than counting would.
    pub misses: u64,
    /// Questions that the registry answered, "no such schema" included.
    pub fetches: u64,
    /// Questions that it did not answer.
    pub failures: u64,
    /// How long all those questions took together.
    pub fetch_time: Duration,
}

static MISSES: AtomicU64 = AtomicU64::new(0);
static FETCHES: AtomicU64 = AtomicU64::new(0);
static FAILURES: AtomicU64 = AtomicU64::new(0);
static FETCH_NANOS: AtomicU64 = AtomicU64::new(0);

impl Activity {
    /// What has happened since the last call, or the start.
    pub fn take() -> Self {
        let taken = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Activity {
            misses: taken(&MISSES),
            fetches: taken(&FETCHES),
            failures: taken(&FAILURES),
            fetch_time: Duration::from_nanos(taken(&FETCH_NANOS)),
        }
    }
}

pub(crate) fn missed() {
    MISSES.fetch_add(1, Ordering::Relaxed);
}

pub(crate) fn fetched(answered: bool, took: Duration) {
    if answered { &FETCHES } else { &FAILURES }.fetch_add(1, Ordering::Relaxed);
    FETCH_NANOS.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
