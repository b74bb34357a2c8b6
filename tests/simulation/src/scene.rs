//! The state that all parts of a run share: the world, the stores, the faults, the ledger and the story.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_runtime::BatchReport;
use event_runtime::testing::MemoryClaims;
use tokio::time::Instant;

use super::clock::WorkerClock;
use super::ledger::Ledger;
use super::outcome::Run;
use super::queue::Queue;
use super::rule::Rule;
use super::schedule::{Fates, What};
use super::story::{Actor, Step};
use super::world::World;

/// The state that all parts of a run share.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) claims: MemoryClaims,
    queue: Mutex<Queue>,
    pub(crate) started: Instant,
    /// The delivery whose worker is being polled: all run in one thread, one at a time.
    current: AtomicU32,
    deliveries: AtomicU32,
    state: Mutex<State>,
}

struct State {
    fates: Option<Fates>,
    ledger: Ledger,
    story: Option<Vec<Step>>,
    reports: Vec<BatchReport>,
    moments: BTreeMap<u32, BTreeSet<u64>>,
    /// The ends of deliveries whose deadline is known.
    deadlines: BTreeMap<u32, Instant>,
    /// Services that are down, with the time when they are up again.
    down: BTreeMap<Service, Instant>,
}

/// A dependency of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Registry,
    Claims,
    Letters,
    Effects,
}

/// How long a service is down: longer than the processor tries, shorter than its circuit breaker stays open.
const OUTAGE: Duration = Duration::from_secs(3);

impl Scene {
    pub(crate) fn new(world: World, fates: Fates, with_story: bool) -> Self {
        let started = Instant::now();
        let state = State {
            fates: Some(fates),
            ledger: Ledger::default(),
            story: with_story.then(Vec::new),
            reports: Vec::new(),
            moments: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            down: BTreeMap::new(),
        };
        Scene {
            world,
            claims: MemoryClaims::new(Arc::new(WorkerClock { started, ahead: Duration::ZERO })),
            queue: Mutex::default(),
            started,
            current: AtomicU32::new(0),
            deliveries: AtomicU32::new(0),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_delivery(&self) -> u32 {
        self.deliveries.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The delivery that is being polled.
    pub(crate) fn delivery(&self) -> u32 {
        self.current.load(Ordering::Relaxed)
    }

    /// Whether the deployment is the later one, which handles what the first could not.
    pub(crate) fn deployment_is_fixed(&self) -> bool {
        self.deliveries.load(Ordering::Relaxed) > self.world.fixed_after
    }

    /// A worker is about to be polled.
    pub(crate) fn enter(&self, delivery: u32, since: Instant) {
        self.current.store(delivery, Ordering::Relaxed);
        let moment = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.state().moments.entry(delivery).or_default().insert(moment);
    }

    /// Sets the deadline of a delivery.
    pub(crate) fn ends_within(&self, delivery: u32, timeout: Duration) {
        self.state().deadlines.insert(delivery, Instant::now() + timeout);
    }

    /// The time left for a delivery, if its deadline is known.
    pub(crate) fn left_of(&self, delivery: u32) -> Option<Duration> {
        self.state().deadlines.get(&delivery).map(|end| end.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn decide(&self, what: What, fates: u32) -> u32 {
        self.decide_for(self.delivery(), what, fates)
    }

    pub(crate) fn decide_for(&self, delivery: u32, what: What, fates: u32) -> u32 {
        self.state().fates.as_mut().map_or(0, |decisions| decisions.decide(delivery, what, fates))
    }

    pub(crate) fn goes_down(&self, service: Service) {
        self.state().down.insert(service, Instant::now() + OUTAGE);
    }

    pub(crate) fn is_down(&self, service: Service) -> bool {
        self.state().down.get(&service).is_some_and(|until| Instant::now() < *until)
    }

    /// The time of a call to a service or of its answer: always an await point.
    pub(crate) async fn network_delay(&self) {
        self.network_delay_of(self.delivery()).await;
    }

    pub(crate) async fn network_delay_of(&self, delivery: u32) {
        let more = self.decide_for(delivery, What::Latency, 29);
        tokio::time::sleep(Duration::from_millis(1 + u64::from(more))).await;
    }

    /// The dead-letter queue as it is now.
    pub(crate) fn queue<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        for of in queue.expire(self.world.retention) {
            self.note(|| {
                Step::note(Actor::Letters, format!("the letter of {}@{} is too old and is deleted", of.0, of.1))
            });
            self.ledger(|ledger| ledger.expired(of));
        }
        act(&mut queue)
    }

    pub(crate) fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.state().ledger)
    }

    pub(crate) fn broken(&self, rule: Rule, detail: String) {
        self.note(|| Step::note(Actor::Operator, format!("broken: {detail}")));
        self.ledger(|ledger| ledger.broken(rule, detail));
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.ledger(|ledger| ledger.violation().is_some())
    }

    /// Adds a step to the story, if one was requested.
    pub(crate) fn note(&self, step: impl FnOnce() -> Step) {
        let mut state = self.state();
        if let Some(story) = &mut state.story {
            story.push(Step { at: self.started.elapsed(), ..step() });
        }
    }

    /// Keeps a delivery's report, if a story was requested.
    pub(crate) fn report(&self, report: &BatchReport) {
        let mut state = self.state();
        if state.story.is_some() {
            let (outcomes, retries) = (report.outcomes.clone(), report.retries);
            state.reports.push(BatchReport { outcomes, retries, ..BatchReport::default() });
        }
    }

    pub(crate) fn end(&self) -> Run {
        let (letters, records) = self.queue(|queue| (queue.letters(), queue.records()));
        let mut state = self.state();
        if state.ledger.violation().is_none() {
            state.ledger.close(&self.world, &records);
        }
        let (schedule, visited) = state.fates.take().map(Fates::into_results).unwrap_or_default();
        Run {
            violation: state.ledger.violation().cloned(),
            schedule,
            visited,
            moments: std::mem::take(&mut state.moments),
            deliveries: self.deliveries.load(Ordering::Relaxed),
            story: state.story.take().unwrap_or_default(),
            reports: std::mem::take(&mut state.reports),
            claim_writes: self.claims.writes(),
            effect_writes: state.ledger.effect_writes(),
            letters,
        }
    }
}
