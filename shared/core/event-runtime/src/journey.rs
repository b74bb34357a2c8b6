//! The journey of one record: decode → skip? → claim → handle → settle.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_events::Event;
use tokio::time::{Instant, timeout, timeout_at};

use crate::claims::{Claim, Held, OwnerToken, Settled};
use crate::clock::UnixMillis;
use crate::effect_id::EffectId;
use crate::failure::{Disposition, Fault, Stage};
use crate::flood::FloodGuard;
use crate::handler::{Effect, Intent, RecordHandler};
use crate::journal::Journal;
use crate::obstacles::{
    Abandoned, CircuitOpen, ClaimConflict, ClaimParked, EffectTimeout, HeldByAnother, LeaseTooShort, NoTimeLeft,
    Panicked, RedriveTooOld, Store, Unrecorded, too_slow,
};
use crate::outcome::{Outcome, StageTimes};
use crate::parts::Parts;
use crate::pressure::RetryBudget;
use crate::raw_record::RawRecord;
use crate::safeguards::{Safeguard, stands};
use crate::settings::{Invocation, WhenUncertain};
use crate::store::StoreError;

/// How far a producer's clock may be ahead of ours before a timestamp says nothing.
const CLOCKS_APART: Duration = Duration::from_secs(60 * 60);

/// What every record of a topic-partition shares.
pub(crate) struct Journey<'a, H> {
    pub(crate) parts: &'a Parts<H>,
    pub(crate) event: &'a Event<'a>,
    pub(crate) partition_name: &'a str,
    pub(crate) invocation: &'a Invocation,
    pub(crate) retries: &'a RetryBudget,
    pub(crate) journal: &'a Journal,
    pub(crate) flood: &'a FloodGuard<'a>,
}

/// One record at its journey's end.
#[derive(Debug)]
pub(crate) struct Travelled {
    pub(crate) outcome: Outcome,
    pub(crate) stages: StageTimes,
    pub(crate) retries: usize,
}

impl Travelled {
    /// A record that was not started.
    pub(crate) fn untouched(outcome: Outcome) -> Self {
        Travelled { outcome, stages: StageTimes::default(), retries: 0 }
    }
}

/// A try that did not finish the record, with the claim that it still holds.
struct Failed {
    fault: Fault,
    held: Option<Box<Held>>,
    kind: Kind,
}

/// What a failed try says about another one.
enum Kind {
    /// Something failed: it counts against the circuit, and another try against the batch's budget.
    Failure,
    /// Nothing failed, but another try in this invocation is no use.
    Halt,
    /// Another worker is at it for so much longer.
    Held(Duration),
}

impl Failed {
    fn halt(fault: Fault) -> Self {
        Failed { fault, held: None, kind: Kind::Halt }
    }

    fn holding(self, held: Held) -> Self {
        Failed { held: Some(Box::new(held)), ..self }
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Failed { fault, held: None, kind: Kind::Failure }
    }
}

impl<H: RecordHandler> Journey<'_, H> {
    /// Takes a record to its end: tries, pauses and tries again while that is safe and time allows, gives up otherwise.
    pub(crate) async fn run(&self, record: RawRecord<'_>) -> Travelled {
        let mut stages = StageTimes::default();
        let mut attempt = 1;
        let mut wait = Wait::default();
        let mut owner = Owner::new();
        let circuit = &self.parts.circuit;
        let outcome = loop {
            let tried = if circuit.is_open() {
                Err(Failed::halt(Fault::new(Stage::Handle, CircuitOpen)))
            } else {
                self.attempt(record, &mut owner, &mut stages).await
            };
            let Failed { fault, held, kind } = match tried {
                Ok(outcome) => {
                    if matches!(outcome, Outcome::Done | Outcome::Duplicate) {
                        circuit.succeeded();
                    }
                    break outcome;
                }
                Err(failed) => failed,
            };
            let after = match fault.disposition {
                Disposition::Retry { after } => after,
                Disposition::Uncertain
                    if self.parts.settings.uncertain == WhenUncertain::Repeat
                        || !stands(Safeguard::UncertainIsParked) =>
                {
                    None
                }
                Disposition::DeadLetter | Disposition::Uncertain => {
                    break self.give_up(&record, &fault, held.as_deref(), attempt, &mut stages).await;
                }
            };
            if let Some(held) = held {
                // Free while we pause: if this worker dies now, nobody needs to wonder whether the effect happened.
                self.release(&held, &mut stages).await;
            }
            let pause = match kind {
                Kind::Failure => {
                    circuit.failed();
                    let pause = self.parts.settings.retry.pause(attempt, after);
                    pause.filter(|pause| self.allows_pause(*pause) && !circuit.is_open() && self.retries.take())
                }
                Kind::Halt => None,
                Kind::Held(left) => self.pause_for_holder(&mut wait, left).filter(|pause| self.allows_pause(*pause)),
            };
            let Some(pause) = pause else {
                self.log_pending(&record, &fault, attempt);
                break Outcome::Unfinished(fault.code);
            };
            attempt += u32::from(matches!(kind, Kind::Failure));
            tokio::time::sleep(pause).await;
        };
        self.withdraw(&owner, &mut stages).await;
        Travelled { outcome, stages, retries: attempt as usize - 1 }
    }

    async fn attempt(
        &self,
        record: RawRecord<'_>,
        owner: &mut Owner,
        stages: &mut StageTimes,
    ) -> Result<Outcome, Failed> {
        let handler = &self.parts.handler;
        let decoding = Instant::now();
        let read = AssertUnwindSafe(async {
            let event = handler.decode(record).await?;
            // Apart from reading, and as a failure of handling: records that are read and skipped tell nothing of it.
            let intent = catch_unwind(AssertUnwindSafe(|| handler.intent(&event)));
            let intent = intent.unwrap_or_else(|_panic| Err(Fault::new(Stage::Handle, Panicked::Reading)))?;
            Ok::<_, Fault>((event, intent))
        });
        let read = self.before_reserve(read.catch_unwind()).await;
        stages.add(Stage::Decode, decoding.elapsed());
        let (event, intent) = match read {
            Some(Ok(read)) => read?,
            Some(Err(_panic)) => return Err(Fault::new(Stage::Decode, Panicked::Reading).into()),
            None => return Err(Failed::halt(Fault::new(Stage::Decode, NoTimeLeft))),
        };
        self.flood.passed(Stage::Decode);

        if !matches!(intent, Intent::Skip(_)) {
            self.is_still_guarded(&record)?;
        }
        let effect_id = match intent {
            Intent::Skip(reason) => return Ok(Outcome::Skipped(reason)),
            Intent::Conditional => None,
            Intent::Claimed(effect_id) => Some(effect_id),
        };
        if !self.allows_effect() && stands(Safeguard::Deadline) {
            return Err(Failed::halt(Fault::new(Stage::Handle, NoTimeLeft)));
        }
        let held = match effect_id {
            None => None,
            Some(effect_id) => {
                let claim = self.claim(&effect_id, owner, stages).await?;
                self.flood.passed(Stage::Claim);
                match claim {
                    Some(held) => Some(held),
                    None => return Ok(Outcome::Duplicate),
                }
            }
        };

        let handling = Instant::now();
        let effect = AssertUnwindSafe(handler.handle(&event)).catch_unwind();
        let effect = timeout(self.parts.settings.effect_timeout, effect).await;
        stages.add(Stage::Handle, handling.elapsed());
        // Where a function lets uncertain effects be repeated, or its condition refuses a second one, not knowing is
        // no reason to ask a person.
        let guarded = held.is_some() && self.parts.settings.uncertain == WhenUncertain::Park;
        let effect = match effect {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => Err(Fault::from(Panicked::Handling { guarded })),
            Err(_elapsed) => Err(Fault::from(EffectTimeout { guarded })),
        };
        if effect.is_ok() {
            self.flood.passed(Stage::Settle);
        }
        match (effect, held) {
            (Ok(Effect::Done), None) => Ok(Outcome::Done),
            (Ok(Effect::Duplicate), None) => Ok(Outcome::Duplicate),
            (Ok(effect), Some(held)) => match self.complete(&held, stages).await {
                Ok(()) => Ok(if effect == Effect::Done { Outcome::Done } else { Outcome::Duplicate }),
                // Not another try: the effect must not run again.
                Err(fault) => Err(Failed::halt(fault)),
            },
            (Err(fault), held) => Err(Failed { fault, held: held.map(Box::new), kind: Kind::Failure }),
        }
    }

    /// A record that is delivered in its turn is followed by what came after it. One that is sent again comes alone:
    /// what came after must still be remembered.
    fn is_still_guarded(&self, record: &RawRecord<'_>) -> Result<(), Fault> {
        let (Some(_), Some(within)) = (&self.event.redrive, self.parts.settings.redrive_within) else { return Ok(()) };
        let now = self.parts.clock.now();
        let written = u64::try_from(record.timestamp).ok().map(UnixMillis);
        match written.filter(|written| *written <= now.plus(CLOCKS_APART)) {
            Some(written) if now.since(written) <= within => Ok(()),
            Some(_) | None => Err(Fault::new(Stage::Handle, RedriveTooOld { within })),
        }
    }

    /// `Some`: the effect is ours to run. `None`: it needs no running.
    async fn claim(
        &self,
        effect: &EffectId,
        owner: &mut Owner,
        stages: &mut StageTimes,
    ) -> Result<Option<Held>, Failed> {
        let settings = &self.parts.settings;
        let token = if stands(Safeguard::OneToken) { owner.token } else { OwnerToken::fresh() };
        let claiming = Instant::now();
        let claim = timeout(settings.settle_reserve, self.parts.claims.claim(effect, settings.lease(), token)).await;
        stages.add(Stage::Claim, claiming.elapsed());
        let claim = claim.unwrap_or_else(|_elapsed| Err(too_slow(Store::Claims, "claim")));
        owner.was_answered(effect, &claim);
        match claim.map_err(|error| Fault::new(Stage::Claim, error))? {
            Claim::Claimed(held) => self.can_still_run(held).map(Some),
            Claim::Uncertain(held) if settings.uncertain == WhenUncertain::Repeat => self.can_still_run(held).map(Some),
            Claim::Uncertain(held) => Err(Failed::from(Fault::new(Stage::Claim, Abandoned)).holding(held)),
            Claim::Done => Ok(None),
            // Whoever sent it again has to know that it did not take its turn.
            Claim::Parked(parked) if self.event.redrive.is_some() => {
                Err(Failed::halt(Fault::new(Stage::Claim, ClaimParked { letter: parked.letter })))
            }
            Claim::Parked(_) => Ok(None),
            Claim::Conflict => Err(Fault::new(Stage::Claim, ClaimConflict).into()),
            Claim::HeldUntil(until) => {
                let after = until.since(self.parts.clock.now());
                let fault = Fault::new(Stage::Claim, HeldByAnother { after });
                Err(Failed { fault, held: None, kind: Kind::Held(after) })
            }
        }
    }

    /// The machine may have been frozen since the claim was written, or the table slow: an effect must end within its
    /// lease and within the invocation.
    fn can_still_run(&self, held: Held) -> Result<Held, Failed> {
        let ends = self.parts.clock.now().plus(self.parts.settings.effect_timeout);
        if held.until < ends && stands(Safeguard::LeaseRecheck) {
            return Err(Failed::from(Fault::new(Stage::Claim, LeaseTooShort)).holding(held));
        }
        if !self.allows_effect() && stands(Safeguard::DeadlineRecheck) {
            return Err(Failed::halt(Fault::new(Stage::Claim, NoTimeLeft)).holding(held));
        }
        Ok(held)
    }

    /// The effect happened. Until that is recorded the record is pending: redelivered, it will find the claim held,
    /// then uncertain, and be parked.
    async fn complete(&self, held: &Held, stages: &mut StageTimes) -> Result<(), Fault> {
        let settling = Instant::now();
        let settled = self.settle(Store::Claims, "complete", settling, || self.parts.claims.complete(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        match settled {
            Ok(Settled::Applied) => Ok(()),
            Ok(Settled::NotOurs) => Err(Fault::new(Stage::Settle, Unrecorded { cause: None })),
            Err(error) => Err(Fault::new(Stage::Settle, Unrecorded { cause: Some(error) })),
        }
    }

    pub(crate) async fn release(&self, held: &Held, stages: &mut StageTimes) {
        let settling = Instant::now();
        let released = self.settle(Store::Claims, "release", settling, || self.parts.claims.release(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        if let Err(error) = released {
            // Harmless to the promise: the lease runs out and the record is parked as uncertain.
            self.log_unreleased(held, &Fault::new(Stage::Settle, error));
        }
    }

    /// The record is over for this worker, and a claim that it sent may have arrived, or may yet arrive, without an
    /// answer. Its effect never began, which nobody else could know: left behind, it would look like a worker's that
    /// died.
    async fn withdraw(&self, owner: &Owner, stages: &mut StageTimes) {
        let Some(effect) = owner.unanswered.as_ref().filter(|_| stands(Safeguard::Withdrawn)) else { return };
        if !self.can_still_settle() {
            return;
        }
        let (claims, lease, token) = (&self.parts.claims, self.parts.settings.lease(), owner.token);
        let settling = Instant::now();
        for key in effect.former.iter().chain([&effect.key]) {
            let withdrawn =
                self.settle(Store::Claims, "withdraw", settling, || claims.withdraw(key, lease, token)).await;
            if let Err(error) = withdrawn {
                // The record's own line says that the table could not be asked.
                tracing::debug!(claim = %token, error_code = error.code, "a claim could not be withdrawn");
            }
        }
        stages.add(Stage::Settle, settling.elapsed());
    }

    /// A store's write is tried again while the reserve lasts, counted from `started`; its conditions make repeating it
    /// safe. A store that does not answer in that time must not take the rest of the invocation along.
    pub(crate) async fn settle<'s, T, F>(
        &'s self,
        store: Store,
        operation: &'static str,
        started: Instant,
        write: F,
    ) -> Result<T, StoreError>
    where
        F: Fn() -> BoxFuture<'s, Result<T, StoreError>>,
    {
        let end = started + self.parts.settings.settle_reserve;
        let mut attempt = 1;
        loop {
            let written = timeout_at(end, write()).await;
            let error = match written.unwrap_or_else(|_elapsed| Err(too_slow(store, operation))) {
                Ok(settled) => return Ok(settled),
                Err(error) => error,
            };
            match self.parts.settings.retry.pause(attempt, error.retry_after) {
                Some(pause) if Instant::now() + pause < end => {
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }

    /// The pause before looking at a held claim again: its owner most often settles it soon. `None` once it could have
    /// been settled or taken over twice.
    fn pause_for_holder(&self, wait: &mut Wait, left: Duration) -> Option<Duration> {
        let settings = &self.parts.settings;
        let patience = settings.lease().saturating_add(settings.retry.cap);
        let since = *wait.since.get_or_insert_with(Instant::now);
        wait.times += 1;
        let pause = settings.retry.backoff(wait.times).min(left);
        (since.elapsed() + pause <= patience).then_some(pause)
    }

    /// Whether an effect that starts now can end, and be settled, within the invocation.
    fn allows_effect(&self) -> bool {
        self.invocation.deadline.allows(self.parts.settings.needed_for_effect())
    }

    /// Whether an effect could still start behind a pause.
    fn allows_pause(&self, pause: Duration) -> bool {
        self.invocation.deadline.allows(pause + self.parts.settings.needed_for_effect())
            || !stands(Safeguard::PauseFits)
    }

    /// Whether the stores still have their reserve.
    pub(crate) fn can_still_settle(&self) -> bool {
        self.invocation.deadline.allows(self.parts.settings.settle_reserve)
    }

    /// Runs something that must leave the reserve alone; `None` when it would not end in time.
    pub(crate) async fn before_reserve<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.invocation.deadline.left() {
            None => Some(future.await),
            Some(left) => timeout(left.saturating_sub(self.parts.settings.settle_reserve), future).await.ok(),
        }
    }
}

/// As whom a record claims in one invocation, at every try.
struct Owner {
    token: OwnerToken,
    /// The claim that was asked for and may be ours without our knowing.
    unanswered: Option<EffectId>,
}

impl Owner {
    fn new() -> Self {
        Owner { token: OwnerToken::fresh(), unanswered: None }
    }

    fn was_answered(&mut self, effect: &EffectId, claim: &Result<Claim, StoreError>) {
        match claim {
            Err(_) => self.unanswered = Some(effect.clone()),
            // An earlier claim of ours may still arrive, once the other worker has released its own.
            Ok(Claim::HeldUntil(_)) => {}
            // What is settled, or ours by a later write, is safe from an earlier one.
            Ok(Claim::Claimed(_) | Claim::Uncertain(_) | Claim::Done | Claim::Parked(_) | Claim::Conflict) => {
                self.unanswered = None;
            }
        }
    }
}

/// How long a record has waited for another worker.
#[derive(Default)]
struct Wait {
    since: Option<Instant>,
    times: u32,
}
