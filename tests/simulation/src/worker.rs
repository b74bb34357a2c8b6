//! A worker: the real processor in an execution environment that may die, freeze or reach its deadline at any await
//! point.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use event_runtime::{Answer as Answered, Clock, Deadline, Invocation, Outcome, Processor};
use tokio::time::{Instant, Sleep};

use super::clock::WorkerClock;
use super::failing_claims::FailingClaims;
use super::failing_letters::FailingLetters;
use super::function::Function;
use super::rule::Rule;
use super::scene::Scene;
use super::schedule::What;
use super::story::{Actor, Answer, Step};

/// Longer than any lease, shorter than the invocation.
const FREEZE: Duration = Duration::from_secs(8);
/// The default timeout of an invocation.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The latest deadline that the schedule may set, in milliseconds.
pub(crate) const DEADLINES: u32 = 8000;

/// An execution environment: a new process takes the place of one that died.
pub(crate) struct Worker {
    scene: Arc<Scene>,
    ahead: Duration,
    /// Whether it runs the version before this one.
    earlier: bool,
    process: Mutex<Arc<Processor<Function>>>,
}

impl Worker {
    pub(crate) fn new(scene: Arc<Scene>, ahead: Duration, earlier: bool) -> Self {
        let process = Mutex::new(Arc::new(process(&scene, ahead, earlier)));
        Worker { scene, ahead, earlier, process }
    }

    /// Invokes the function; `None` is a function error.
    pub(crate) async fn invoke(&self, delivery: u32, event: &str) -> Option<Answered> {
        let scene = &self.scene;
        let timeout = match scene.decide_for(delivery, What::Deadline, DEADLINES) {
            0 => TIMEOUT,
            ms => Duration::from_millis(u64::from(ms)),
        };
        let known = scene.world.deadlines;
        if known {
            scene.ends_within(delivery, timeout);
        }
        let invocation = Invocation {
            request_id: delivery.to_string(),
            function: "simulated".to_owned(),
            function_version: "1".to_owned(),
            deadline: if known { Deadline::within(timeout) } else { Deadline::unknown() },
        };
        let processor = Arc::clone(&self.process.lock().unwrap_or_else(PoisonError::into_inner));
        let work = processor.process(event.as_bytes(), &invocation);
        let mut fate = Fate { scene, delivery, began: Instant::now(), frozen: None, was_frozen: false, known };
        let ended = known.then(|| tokio::time::sleep(timeout));
        let Some(report) = fate.drive(work, ended).await else {
            // The process is gone, with all of its memory.
            *self.process.lock().unwrap_or_else(PoisonError::into_inner) =
                Arc::new(process(scene, self.ahead, self.earlier));
            return None;
        };
        let report = report.ok()?;
        scene.report(&report);
        let outcomes = report.outcomes.iter().map(|(outcome, count)| format!("{count} {}", outcome_text(*outcome)));
        let outcomes = outcomes.collect::<Vec<_>>().join(", ");
        let answer = report.answer(scene.world.reporting.unwrap_or_default());
        let asked = if scene.ledger(|ledger| ledger.is_redriven(delivery)) { Actor::Redrive } else { Actor::Source };
        scene.note(|| {
            let answer = match &answer {
                Ok(Answered::Redriven(_)) => format!("finished ({outcomes})"),
                Ok(Answered::Batch(response)) if response.is_empty() => format!("success ({outcomes})"),
                Ok(Answered::Batch(response)) => {
                    format!("{} batch item failures ({outcomes})", response.failures.len())
                }
                Err(_) => format!("function error ({outcomes})"),
            };
            Step::call(Actor::Worker(delivery), asked, answer, Answer::None)
        });
        answer.ok()
    }
}

fn outcome_text(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Duplicate => "duplicate".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::DeadLettered(code) => format!("dead-lettered: {code}"),
        Outcome::Unfinished(code) => format!("unfinished: {code}"),
    }
}

fn process(scene: &Arc<Scene>, ahead: Duration, earlier: bool) -> Processor<Function> {
    let clock: Arc<dyn Clock> = Arc::new(WorkerClock { started: scene.started, ahead });
    let claims = FailingClaims {
        scene: Arc::clone(scene),
        claims: scene.claims.with_clock(Arc::clone(&clock)),
        clock: Arc::clone(&clock),
        earlier,
    };
    let letters = FailingLetters { scene: Arc::clone(scene) };
    let function = Function(Arc::clone(scene));
    Processor::new(function, Arc::new(claims), Arc::new(letters), scene.world.settings()).with_clock(clock)
}

/// Decides the fate of an invocation at each await point.
struct Fate<'a> {
    scene: &'a Scene,
    delivery: u32,
    began: Instant,
    frozen: Option<Pin<Box<Sleep>>>,
    was_frozen: bool,
    known: bool,
}

impl Fate<'_> {
    async fn drive<T>(&mut self, work: impl Future<Output = T>, ended: Option<Sleep>) -> Option<T> {
        let mut work = pin!(work);
        let mut ended = ended.map(Box::pin);
        poll_fn(move |cx| {
            if ended.as_mut().is_some_and(|ended| ended.as_mut().poll(cx).is_ready()) {
                self.is_ended();
                return Poll::Ready(None);
            }
            match self.goes_on(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
            self.scene.enter(self.delivery, self.began);
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Whether the worker lives; pending while it is frozen.
    fn goes_on(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let delivery = self.delivery;
        if self.frozen.is_none() {
            match self.scene.decide_for(delivery, What::Await, 2) {
                0 => return Poll::Ready(true),
                1 => {
                    self.scene.note(|| Step::note(Actor::Worker(delivery), "dies"));
                    self.scene.ledger(|ledger| ledger.doubt_all_of(delivery));
                    return Poll::Ready(false);
                }
                _ => {
                    self.scene.note(|| Step::note(Actor::Worker(delivery), "is frozen"));
                    self.scene.ledger(|ledger| ledger.doubt_all_of(delivery));
                    self.was_frozen = true;
                    self.frozen = Some(Box::pin(tokio::time::sleep(FREEZE)));
                }
            }
        }
        if self.frozen.as_mut().is_some_and(|frozen| frozen.as_mut().poll(cx).is_pending()) {
            return Poll::Pending;
        }
        self.frozen = None;
        self.scene.note(|| Step::note(Actor::Worker(delivery), "continues"));
        Poll::Ready(true)
    }

    /// Lambda ends the invocation at its deadline.
    fn is_ended(&self) {
        let delivery = self.delivery;
        self.scene.note(|| Step::note(Actor::Worker(delivery), "reaches its deadline, and Lambda ends it"));
        let running = self.scene.ledger(|ledger| {
            ledger.doubt_all_of(delivery);
            ledger.effects_running(delivery)
        });
        if !self.known || self.was_frozen {
            return;
        }
        if running > 0 {
            self.scene
                .broken(Rule::EffectsFit, format!("delivery {delivery} was ended with {running} effects in progress"));
        } else if !self.scene.ledger(|ledger| ledger.waited_for_stores(delivery)) {
            self.scene.broken(Rule::AnswersInTime, format!("delivery {delivery} was ended before it answered"));
        }
    }
}
