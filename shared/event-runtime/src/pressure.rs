//! What keeps one fault from becoming many, and one batch from taking all: a budget of retries per batch, a circuit over
//! a dependency that is down, a guard against flooding the dead letters, and bounds on what is in flight.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::failure::{Blame, Fault};
use crate::letter::LetterId;
use crate::safeguards::{Safeguard, stands};

/// Retries that one batch may spend, shared by its records: a broken dependency must not burn the whole invocation.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicUsize);

impl RetryBudget {
    /// A fifth of the batch's records, at least 20.
    pub(crate) fn for_records(records: usize) -> Self {
        RetryBudget(AtomicUsize::new((records / 5).max(20)))
    }

    /// Takes one, if any is left.
    pub(crate) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// When a dependency counts as down.
#[derive(Debug, Clone, Copy)]
pub struct CircuitPolicy {
    /// Failures in a row, without one success between, that open the circuit.
    pub failures: u32,
    /// How long it stays open; the first record after that tries again, and its failure opens it anew.
    pub pause: Duration,
}

impl Default for CircuitPolicy {
    /// 10 failures open it for 5 s. Ten in a row are no burst; five seconds are short beside the mapping's own retry.
    fn default() -> Self {
        CircuitPolicy { failures: 10, pause: Duration::from_secs(5) }
    }
}

/// Opens over a dependency that fails again and again, so that the rest of a batch is reported at once.
#[derive(Debug)]
pub(crate) struct Circuit {
    policy: CircuitPolicy,
    state: Mutex<CircuitState>,
}

#[derive(Debug, Default)]
struct CircuitState {
    failures: u32,
    open_until: Option<Instant>,
}

impl Circuit {
    pub(crate) fn new(policy: CircuitPolicy) -> Self {
        Circuit { policy, state: Mutex::default() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().open_until.is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.policy.failures {
            state.open_until = Instant::now().checked_add(self.policy.pause);
        }
    }

    pub(crate) fn succeeded(&self) {
        *self.state() = CircuitState::default();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, CircuitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a lane stops that has parked too much.
pub(crate) const FLOOD_GUARD: &str = "flood_guard";

/// What lanes have parked since their last success. Outlives the batch: delivered again, a broken deployment must not
/// park ten more.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<HashMap<(String, &'static str), Flood>>);

#[derive(Debug, Default)]
struct Flood {
    /// A letter that is stored again, because its record was delivered again, floods nothing.
    letters: HashSet<LetterId>,
    tripped: bool,
}

/// Stops a lane that parks record after record with one code: a broken deployment must not drain a topic into the
/// dead-letter queue. Codes that are the record's own fault do not count. A lane that has stopped still tries a record
/// of each delivery, and goes on after the first success.
#[derive(Debug)]
pub(crate) struct FloodGuard<'a> {
    floods: &'a Floods,
    lane: &'a str,
    /// `None`: switched off.
    limit: Option<usize>,
    stopped: AtomicBool,
}

impl<'a> FloodGuard<'a> {
    /// A fifth of the lane's records, at least 10, may be parked with one code and no success between.
    pub(crate) fn new(floods: &'a Floods, lane: &'a str, records: usize, on: bool) -> Self {
        let limit = on.then(|| records.div_ceil(5).max(10));
        FloodGuard { floods, lane, limit, stopped: AtomicBool::new(false) }
    }

    /// Whether a record that failed so may be parked under this letter. If not, its lane must stop.
    pub(crate) fn admits(&self, letter: &LetterId, fault: &Fault) -> bool {
        let Some(limit) = self.limit.filter(|_| fault.blame == Blame::Deployment) else { return true };
        let mut floods = self.floods();
        let flood = floods.entry((self.lane.to_owned(), fault.code)).or_default();
        let known = flood.letters.contains(letter);
        flood.tripped |= !known && flood.letters.len() >= limit;
        if flood.tripped && stands(Safeguard::FloodStops) {
            self.stopped.store(true, Ordering::Relaxed);
            return false;
        }
        flood.letters.insert(letter.clone());
        true
    }

    /// The letter of a record that was admitted could not be stored.
    pub(crate) fn was_not_parked(&self, letter: &LetterId, fault: &Fault) {
        if let Some(flood) = self.floods().get_mut(&(self.lane.to_owned(), fault.code)) {
            flood.letters.remove(letter);
        }
    }

    /// An effect succeeded: whatever is wrong, it is not the deployment as a whole.
    pub(crate) fn succeeded(&self) {
        self.floods().retain(|(lane, _), _| lane != self.lane);
    }

    /// Whether the lane has stopped in this batch.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn floods(&self) -> MutexGuard<'_, HashMap<(String, &'static str), Flood>> {
        self.floods.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bounds what is in flight across all lanes, and across invocations that share the process.
#[derive(Debug)]
pub(crate) struct InFlight {
    records: Semaphore,
    bytes: Semaphore,
    max_bytes: u32,
}

/// Room for one record, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room<'a>(#[expect(dead_code, reason = "held, not read")] Option<[SemaphorePermit<'a>; 2]>);

impl InFlight {
    pub(crate) fn new(records: NonZeroUsize, bytes: NonZeroUsize) -> Self {
        let max_bytes = u32::try_from(bytes.get()).unwrap_or(u32::MAX);
        InFlight {
            records: Semaphore::new(records.get().min(Semaphore::MAX_PERMITS)),
            bytes: Semaphore::new((max_bytes as usize).min(Semaphore::MAX_PERMITS)),
            max_bytes,
        }
    }

    /// Waits for room for a record of so many bytes; one that is larger than the bound waits until it is alone. Taken
    /// in one order, so that nobody waits in a circle.
    pub(crate) async fn admit(&self, bytes: usize) -> Room<'_> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.max_bytes);
        let room =
            async { Ok::<_, AcquireError>([self.records.acquire().await?, self.bytes.acquire_many(bytes).await?]) };
        // Refused only once closed, which these never are.
        Room(room.await.ok())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::failure::{Disposition, Failure};

    #[test]
    fn a_budget_runs_out() {
        let budget = RetryBudget::for_records(5);
        assert_eq!((0..100).filter(|_| budget.take()).count(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_circuit_opens_after_failures_in_a_row_and_lets_one_through_after_its_pause() {
        let circuit = Circuit::new(CircuitPolicy { failures: 3, pause: Duration::from_secs(5) });
        circuit.failed();
        circuit.failed();
        circuit.succeeded();
        circuit.failed();
        circuit.failed();
        assert!(!circuit.is_open(), "a success between starts the count anew");
        circuit.failed();
        assert!(circuit.is_open());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!circuit.is_open());
        circuit.failed();
        assert!(circuit.is_open(), "still down");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct No(&'static str, Blame);

    impl Failure for No {
        fn disposition(&self) -> Disposition {
            Disposition::DeadLetter
        }
        fn code(&self) -> &'static str {
            self.0
        }
        fn blame(&self) -> Blame {
            self.1
        }
    }

    fn letters(of: std::ops::Range<u32>) -> impl Iterator<Item = LetterId> {
        of.map(|number| LetterId::from_stored(number.to_string()))
    }

    #[test]
    fn a_flood_of_one_code_trips_the_guard_unless_the_records_are_to_blame() {
        let (floods, mismatch) = (Floods::default(), Fault::from(No("schema_mismatch", Blame::Deployment)));
        let guard = FloodGuard::new(&floods, "orders-0", 20, true);
        let truncated = Fault::from(No("frame_truncated", Blame::Record));
        assert!(letters(0..50).all(|letter| guard.admits(&letter, &truncated)));
        assert!(letters(0..9).all(|letter| guard.admits(&letter, &mismatch)));
        guard.succeeded();
        assert!(letters(9..19).all(|letter| guard.admits(&letter, &mismatch)), "a success between starts anew");
        assert!(guard.admits(&LetterId::from_stored("19"), &Fault::from(No("another", Blame::Deployment))));
        assert!(!guard.has_stopped());
        assert!(!guard.admits(&LetterId::from_stored("19"), &mismatch));
        assert!(guard.has_stopped());
        assert!(FloodGuard::new(&floods, "orders-1", 20, true).admits(&LetterId::from_stored("19"), &mismatch));
        assert!(FloodGuard::new(&floods, "orders-0", 20, false).admits(&LetterId::from_stored("19"), &mismatch));
    }

    #[test]
    fn the_guard_remembers_across_batches_and_counts_each_record_once() {
        let (floods, mismatch) = (Floods::default(), Fault::from(No("schema_mismatch", Blame::Deployment)));
        let batch = || FloodGuard::new(&floods, "orders-0", 100, true);
        for _ in 0..3 {
            assert!(
                letters(0..20).all(|letter| batch().admits(&letter, &mismatch)),
                "the same records, delivered again"
            );
        }
        batch().was_not_parked(&LetterId::from_stored("19"), &mismatch);
        assert!(letters(20..21).all(|letter| batch().admits(&letter, &mismatch)), "one was never stored");
        assert!(!letters(21..22).any(|letter| batch().admits(&letter, &mismatch)));
        assert!(!letters(0..1).any(|letter| batch().admits(&letter, &mismatch)), "once tripped, none is stored again");
        batch().succeeded();
        assert!(letters(21..22).all(|letter| batch().admits(&letter, &mismatch)));
    }

    #[tokio::test]
    async fn a_record_larger_than_the_bound_goes_alone() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(100).unwrap());
        let small = in_flight.admit(60).await;
        assert!(in_flight.admit(usize::MAX).now_or_never().is_none());
        assert!(in_flight.admit(40).now_or_never().is_some());
        drop(small);
        let _large = in_flight.admit(usize::MAX).await;
        assert!(in_flight.admit(1).now_or_never().is_none());
    }
}
