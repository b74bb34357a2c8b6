//! One record: decode → skip? → claim → handle → settle, tried again while that is safe and time allows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use crate::claims::{Claim, Held, OwnerToken};
use crate::clock::UnixMillis;
use crate::effect_id::EffectId;
use crate::failure::{Disposition, Fault, Stage};
use crate::failures::{
    Abandoned, CircuitOpen, ClaimConflict, ClaimParked, EffectTimeout, HeldByAnother, LeaseTooShort, NoTimeLeft,
    Panicked, RedriveTooOld, Store, too_slow,
};
use crate::handler::{Effect, Intent, RecordHandler};
use crate::outcome::{Outcome, RecordReport, StageTimes};
use crate::partition_context::PartitionContext;
use crate::raw_record::RawRecord;
use crate::safeguards::{Safeguard, is_enabled};
use crate::settings::WhenUncertain;
use crate::settling::ClaimOwner;

/// How far a producer's clock may be ahead of ours before its timestamps are ignored.
const CLOCKS_APART: Duration = Duration::from_secs(60 * 60);

/// An attempt that did not finish the record, with the claim that it still holds.
struct FailedAttempt {
    fault: Fault,
    held: Option<Box<Held>>,
    kind: Kind,
}

/// What a failed attempt means for the next one.
enum Kind {
    /// Something failed: it counts for the circuit breaker, and the next attempt takes from the batch's retry budget.
    Failure,
    /// Nothing failed, but another attempt in this invocation would not help.
    Halt,
    /// Another worker holds the claim for this much longer.
    Held(Duration),
}

impl FailedAttempt {
    fn halt(fault: Fault) -> Self {
        FailedAttempt { fault, held: None, kind: Kind::Halt }
    }

    fn holding(self, held: Held) -> Self {
        FailedAttempt { held: Some(Box::new(held)), ..self }
    }
}

impl From<Fault> for FailedAttempt {
    fn from(fault: Fault) -> Self {
        FailedAttempt { fault, held: None, kind: Kind::Failure }
    }
}

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// Processes a record: tries, pauses and tries again while that is safe and time allows, and dead-letters or
    /// reports it otherwise.
    pub(crate) async fn process_record(&self, record: RawRecord<'_>) -> RecordReport {
        let mut stages = StageTimes::default();
        let mut attempt = 1;
        let mut wait = Wait::default();
        let mut owner = ClaimOwner::new();
        let circuit = &self.processor.circuit;
        let outcome = loop {
            let tried = if circuit.is_open() {
                Err(FailedAttempt::halt(Fault::new(Stage::Handle, CircuitOpen)))
            } else {
                self.attempt(record, &mut owner, &mut stages).await
            };
            let FailedAttempt { fault, held, kind } = match tried {
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
                    if self.processor.settings.uncertain == WhenUncertain::Repeat
                        || !is_enabled(Safeguard::UncertainIsParked) =>
                {
                    None
                }
                Disposition::DeadLetter | Disposition::Uncertain => {
                    break self.dead_letter(&record, &fault, held.as_deref(), attempt, &mut stages).await;
                }
            };
            if let Some(held) = held {
                // Free the claim during the pause: if this worker dies now, it is certain that the effect did not
                // happen.
                self.release(&held, &mut stages).await;
            }
            let pause = match kind {
                Kind::Failure => {
                    circuit.failed();
                    let pause = self.processor.settings.retry.pause(attempt, after);
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
        RecordReport { outcome, stages, retries: attempt as usize - 1 }
    }

    async fn attempt(
        &self,
        record: RawRecord<'_>,
        owner: &mut ClaimOwner,
        stages: &mut StageTimes,
    ) -> Result<Outcome, FailedAttempt> {
        let handler = &self.processor.handler;
        let decoding = Instant::now();
        let decided = AssertUnwindSafe(async {
            let read = handler.read(record).await?;
            match catch_unwind(AssertUnwindSafe(|| handler.decide(read))) {
                Ok(decided) => decided.map_err(|failed| failed.at(Stage::Decode)),
                // It counts as a failure of handling, not of reading: records that are read and skipped prove nothing
                // about it.
                Err(_panic) => Err(Fault::new(Stage::Handle, Panicked::Reading)),
            }
        });
        let decided = self.before_reserve(decided.catch_unwind()).await;
        stages.add(Stage::Decode, decoding.elapsed());
        let intent = match decided {
            Some(Ok(decided)) => decided?,
            Some(Err(_panic)) => return Err(Fault::new(Stage::Decode, Panicked::Reading).into()),
            None => return Err(FailedAttempt::halt(Fault::new(Stage::Decode, NoTimeLeft))),
        };
        self.flood.passed(Stage::Decode);

        let (effect_id, work) = match intent {
            Intent::Skip(reason) => return Ok(Outcome::Skipped(reason)),
            Intent::Conditional(work) => (None, work),
            Intent::Claimed(effect_id, work) => (Some(effect_id), work),
        };
        self.is_still_guarded(&record)?;
        let effect_id = effect_id
            .map(|effect_id| effect_id.within(self.processor.claims.max_key_bytes()))
            .transpose()
            .map_err(|error| Fault::new(Stage::Claim, error))?;
        if !self.allows_effect() && is_enabled(Safeguard::Deadline) {
            return Err(FailedAttempt::halt(Fault::new(Stage::Handle, NoTimeLeft)));
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
        // Called within the future: it may panic before it returns its own.
        let effect = AssertUnwindSafe(async { handler.perform(work).await }).catch_unwind();
        let effect = timeout(self.processor.settings.effect_timeout, effect).await;
        stages.add(Stage::Handle, handling.elapsed());
        // If uncertain effects may be repeated, or the effect's own condition refuses a second one, an unknown result
        // needs no decision by a person.
        let guarded = held.is_some() && self.processor.settings.uncertain == WhenUncertain::Park;
        let effect = match effect {
            Ok(Ok(result)) => result.map_err(|failed| failed.at(Stage::Handle)),
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
                // No further attempt: the effect must not run again.
                Err(fault) => Err(FailedAttempt::halt(fault)),
            },
            (Err(fault), held) => Err(FailedAttempt { fault, held: held.map(Box::new), kind: Kind::Failure }),
        }
    }

    /// A record that the mapping delivers is followed by the records after it. A redriven record comes alone, so the
    /// guard of its effect must still remember the later changes.
    fn is_still_guarded(&self, record: &RawRecord<'_>) -> Result<(), Fault> {
        let (Some(_), Some(within)) = (&self.event.redrive, self.processor.settings.redrive_within) else {
            return Ok(());
        };
        let now = self.processor.clock.now();
        let written = u64::try_from(record.timestamp).ok().map(UnixMillis);
        match written.filter(|written| *written <= now.plus(CLOCKS_APART)) {
            Some(written) if now.since(written) <= within => Ok(()),
            Some(_) | None => Err(Fault::new(Stage::Handle, RedriveTooOld { within })),
        }
    }

    /// `Some`: this worker runs the effect. `None`: the effect has happened or was given up before.
    async fn claim(
        &self,
        effect: &EffectId,
        owner: &mut ClaimOwner,
        stages: &mut StageTimes,
    ) -> Result<Option<Held>, FailedAttempt> {
        let settings = &self.processor.settings;
        let token = if is_enabled(Safeguard::OneToken) { owner.token } else { OwnerToken::fresh() };
        let claiming = Instant::now();
        let claim =
            timeout(settings.settle_reserve, self.processor.claims.claim(effect, settings.lease(), token)).await;
        stages.add(Stage::Claim, claiming.elapsed());
        let claim = claim.unwrap_or_else(|_elapsed| Err(too_slow(Store::Claims, "claim")));
        owner.was_answered(effect, &claim);
        match claim.map_err(|error| Fault::new(Stage::Claim, error))? {
            Claim::Claimed(held) => self.can_still_run(held).map(Some),
            Claim::Uncertain(held) if settings.uncertain == WhenUncertain::Repeat => self.can_still_run(held).map(Some),
            Claim::Uncertain(held) => Err(FailedAttempt::from(Fault::new(Stage::Claim, Abandoned)).holding(held)),
            Claim::Done => Ok(None),
            // The redrive has to learn that the effect did not run.
            Claim::Parked(parked) if self.event.redrive.is_some() => {
                Err(FailedAttempt::halt(Fault::new(Stage::Claim, ClaimParked { letter: parked.letter })))
            }
            Claim::Parked(_) => Ok(None),
            Claim::Conflict => Err(Fault::new(Stage::Claim, ClaimConflict).into()),
            Claim::HeldUntil(until) => {
                let after = until.since(self.processor.clock.now());
                let fault = Fault::new(Stage::Claim, HeldByAnother { after });
                Err(FailedAttempt { fault, held: None, kind: Kind::Held(after) })
            }
        }
    }

    /// The machine may have been frozen since the claim was written, or the table slow: check again that the effect can
    /// end within its lease and within the invocation.
    fn can_still_run(&self, held: Held) -> Result<Held, FailedAttempt> {
        let ends = self.processor.clock.now().plus(self.processor.settings.effect_timeout);
        if held.until < ends && is_enabled(Safeguard::LeaseRecheck) {
            return Err(FailedAttempt::from(Fault::new(Stage::Claim, LeaseTooShort)).holding(held));
        }
        if !self.allows_effect() && is_enabled(Safeguard::DeadlineRecheck) {
            return Err(FailedAttempt::halt(Fault::new(Stage::Claim, NoTimeLeft)).holding(held));
        }
        Ok(held)
    }

    /// The pause before a held claim is read again: its owner usually settles it soon. `None` after waiting so long
    /// that it could have been settled or taken over.
    fn pause_for_holder(&self, wait: &mut Wait, left: Duration) -> Option<Duration> {
        let settings = &self.processor.settings;
        let patience = settings.lease().saturating_add(settings.retry.cap);
        let since = *wait.since.get_or_insert_with(Instant::now);
        wait.times += 1;
        let pause = settings.retry.backoff(wait.times).min(left);
        (since.elapsed() + pause <= patience).then_some(pause)
    }
}

/// How long a record has waited for a claim that another worker holds.
#[derive(Default)]
struct Wait {
    since: Option<Instant>,
    times: u32,
}
