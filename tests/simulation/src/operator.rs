//! The operator: runs the real redrive, and decides about the letters that it leaves to a person.
//!
//! The redrive knows what its ports return. The person knows what a person could: the redrive's report, and whether the
//! effect is visible in the outside world *now*, which may be too early. Neither knows the ledger or the content of a
//! claim.

use std::time::Duration;

use event_runtime::Decision;
use futures_util::StreamExt;
use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use redrive_core::{Action, Entry, RedriveOutcome, Request};
use tokio::sync::mpsc;

use super::failing_claims::{COLLEAGUE, OPERATOR};
use super::redriving::{Invocation, Lambda, Silent, age, alive, redrive};
use super::schedule::What;
use super::source::Source;
use super::story::{Actor, Answer, Step};

/// The time between two rounds, and the age from which a letter is decided about: longer than a worker is ever frozen,
/// so that its effects are visible by then.
const ROUND: Duration = Duration::from_secs(10);
/// The time between the last rounds: longer than a killed redrive hides its messages.
const LATER: Duration = Duration::from_secs(200);
/// Rounds after everything is committed.
const LAST_ROUNDS: u32 = 4;

/// What a person has found out about a letter, and has decided.
#[derive(Clone)]
struct Decided {
    letter: String,
    claim: String,
    decision: Decision,
    /// How often the effect was visible then.
    seen: usize,
}

impl Source {
    /// Handles letters until everything is committed, and for a few rounds more.
    pub(crate) async fn operate(&self, lambda: Lambda) {
        let scene = self.scene();
        let (mut late, mut last_rounds) = (Vec::new(), 0);
        while scene.world.operator && last_rounds < LAST_ROUNDS && !scene.is_broken() {
            tokio::time::sleep(if last_rounds > 0 { LATER } else { ROUND }).await;
            for decided in std::mem::take(&mut late) {
                self.carry_out(&lambda, &decided, COLLEAGUE).await;
            }
            if self.is_finished() {
                last_rounds += 1;
                if scene.queue(|queue| queue.is_empty()) {
                    return;
                }
            }
            self.round(&lambda, &mut late).await;
        }
    }

    /// Redrives all letters, and decides about those that are left to a person.
    async fn round(&self, lambda: &Lambda, late: &mut Vec<Decided>) {
        let scene = self.scene();
        if scene.queue(|queue| queue.is_empty()) {
            return;
        }
        // 1: two redrives at once, 2: a person decides and acts a round later, 3: decides however young the letter is,
        // 4: has a colleague who sees the same and acts a round later as well.
        let fate = scene.decide_for(0, What::Operator, 4);
        let replay = Request { yes: true, rate_per_second: 1000, ..Request::new(Action::Replay) };
        let undecided = match fate {
            1 => {
                let (one, other) = join(self.run(lambda, &replay), self.run(lambda, &replay)).await;
                [one, other].concat()
            }
            _ => self.run(lambda, &replay).await,
        };
        for entry in undecided {
            let Some(decided) = self.look(&entry, fate == 3) else { continue };
            match fate {
                2 => late.push(decided),
                4 => {
                    late.push(decided.clone());
                    self.carry_out(lambda, &decided, OPERATOR).await;
                }
                _ => self.carry_out(lambda, &decided, OPERATOR).await,
            }
        }
    }

    /// One run of the redrive: returns the letters that it leaves to a person.
    async fn run(&self, lambda: &Lambda, request: &Request) -> Vec<Entry> {
        let redrive = redrive(self.shared_scene(), lambda);
        let Some(Ok(report)) = alive(self.scene(), redrive.run(request, &Silent)).await else { return Vec::new() };
        let undecided = |entry: &Entry| matches!(entry.outcome, RedriveOutcome::NeedsDecision { .. });
        report.entries.into_iter().filter(undecided).collect()
    }

    /// Checks whether the effect is visible, such as a mail in the recipient's mailbox, and decides.
    fn look(&self, entry: &Entry, early: bool) -> Option<Decided> {
        let scene = self.scene();
        if !early && age(scene, entry.given_up_at_ms) < ROUND {
            return None;
        }
        let (partition, offset) = (usize::try_from(entry.partition?).ok()?, usize::try_from(entry.offset?).ok()?);
        let claim = scene.world.partitions.get(partition)?.get(offset)?.claim(partition)?;
        let seen = scene.ledger(|ledger| ledger.times_seen(&claim));
        let decision = if seen > 0 { Decision::Done } else { Decision::Repeat };
        let answer = if seen > 0 { "is visible" } else { "is not visible" };
        scene.note(|| {
            Step::call(Actor::Operator, Actor::Service, format!("look for {claim}"), Answer::Received(answer.into()))
        });
        Some(Decided { letter: entry.id.clone(), claim, decision, seen })
    }

    async fn carry_out(&self, lambda: &Lambda, decided: &Decided, by: &str) {
        let Decided { letter, claim, decision, seen } = decided;
        self.scene().ledger(|ledger| ledger.a_person_has_seen(claim, *seen));
        let request = Request {
            yes: true,
            ids: vec![letter.clone()],
            decision: Some(*decision),
            by: Some(by.to_owned()),
            ..Request::new(Action::Resolve)
        };
        self.run(lambda, &request).await;
    }

    /// Lambda: runs all invocations concurrently to their end.
    pub(crate) async fn answer_invocations(&self, mut invocations: mpsc::UnboundedReceiver<Invocation>) {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(()) = running.next() => {}
                invocation = invocations.recv() => match invocation {
                    Some(invocation) => running.push(self.answer_one(invocation)),
                    None => break,
                },
            }
        }
        while running.next().await.is_some() {}
    }

    async fn answer_one(&self, Invocation { event, answer }: Invocation) {
        let scene = self.scene();
        let delivery = scene.next_delivery();
        scene.ledger(|ledger| ledger.redrives(delivery));
        scene.note(|| Step::call(Actor::Redrive, Actor::Worker(delivery), "the record of a letter", Answer::None));
        let event = String::from_utf8_lossy(&event).into_owned();
        // The redrive that invoked it may be gone.
        let _ = answer.send(self.worker(0).invoke(delivery, &event).await);
    }
}
