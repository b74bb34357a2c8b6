//! The journey of one record: decode → skip? → claim → handle → settle.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use kafka_events::{Event, Record};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::claims::{Claim, Held, Settled};
use crate::effect_id::EffectId;
use crate::failure::{Blame, Disposition, Failure, Fault, Stage};
use crate::handler::{Effect, Intent, RawRecord, RecordHandler};
use crate::letter::{DeadLetter, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason, base64};
use crate::obstacles::{
    Abandoned, CircuitOpen, ClaimConflict, EffectTimeout, HeldByAnother, LeaseTooShort, NoTimeLeft, Panicked,
    Unrecorded,
};
use crate::outcome::{Outcome, StageTimes};
use crate::parts::Parts;
use crate::pressure::RetryBudget;
use crate::safeguards::{Safeguard, stands};
use crate::settings::Invocation;
use crate::store::StoreError;

/// What every record of a lane shares.
pub(crate) struct Journey<'a, H> {
    pub(crate) parts: &'a Parts<H>,
    pub(crate) event: &'a Event<'a>,
    pub(crate) lane_name: &'a str,
    pub(crate) invocation: &'a Invocation,
    pub(crate) retries: &'a RetryBudget,
}

/// One record at its journey's end.
#[derive(Debug)]
pub(crate) struct Travelled {
    pub(crate) outcome: Outcome,
    /// Whose fault it was, if it failed.
    pub(crate) blame: Option<Blame>,
    pub(crate) stages: StageTimes,
    pub(crate) retries: usize,
}

impl Travelled {
    /// A record that was not started.
    pub(crate) fn untouched(outcome: Outcome) -> Self {
        Travelled { outcome, blame: None, stages: StageTimes::default(), retries: 0 }
    }
}

/// A try that did not finish the record, with the claim that it still holds.
struct Failed {
    fault: Fault,
    held: Option<Held>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Failed { fault, held: None }
    }
}

impl<H: RecordHandler> Journey<'_, H> {
    /// Takes a record to its end: tries, pauses and tries again while that is safe and time allows, gives up otherwise.
    pub(crate) async fn run(&self, record: RawRecord<'_>) -> Travelled {
        let mut stages = StageTimes::default();
        let mut attempt = 1;
        let mut blame = None;
        let circuit = &self.parts.circuit;
        let outcome = loop {
            let tried = if circuit.is_open() {
                Err(Fault::new(Stage::Handle, CircuitOpen).into())
            } else {
                self.attempt(record, &mut stages).await
            };
            let Failed { fault, held } = match tried {
                Ok(outcome) => {
                    if matches!(outcome, Outcome::Done | Outcome::Duplicate) {
                        circuit.succeeded();
                    }
                    break outcome;
                }
                Err(failed) => failed,
            };
            blame = Some(fault.blame);
            let Disposition::Retry { after } = fault.disposition else {
                let letter = self.letter(Place::of(self.lane_name, &record), RawBytes::of(&record), &fault, attempt);
                let letter = DeadLetter { claim: held.as_ref().map(|held| held.key.as_str().to_owned()), ..letter };
                let letter = self.with_schemas(letter, &record);
                break self.park(letter, fault, held, &mut stages).await;
            };
            if let Some(held) = held {
                // Free while we pause: if this worker dies now, nobody needs to wonder whether the effect happened.
                self.release(&held, &mut stages).await;
            }
            if ![CircuitOpen.code(), NoTimeLeft.code(), "claim_held"].contains(&fault.code) {
                circuit.failed();
            }
            let pause = self.parts.settings.retry.pause(attempt, after);
            match pause.filter(|pause| self.time_allows(*pause) && !circuit.is_open() && self.retries.take()) {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                None => {
                    self.log_owed(&record, &fault, attempt);
                    break Outcome::Unfinished(fault.code);
                }
            }
        };
        Travelled { outcome, blame, stages, retries: attempt as usize - 1 }
    }

    async fn attempt(&self, record: RawRecord<'_>, stages: &mut StageTimes) -> Result<Outcome, Failed> {
        let handler = &self.parts.handler;

        let decoding = Instant::now();
        let read = AssertUnwindSafe(async {
            let event = handler.decode(record).await?;
            let intent = handler.intent(&event)?;
            Ok::<_, Fault>((event, intent))
        });
        let read = read.catch_unwind().await.unwrap_or_else(|_| Err(Fault::new(Stage::Decode, Panicked::Reading)));
        stages.add(Stage::Decode, decoding.elapsed());
        let (event, intent) = read?;

        let effect_id = match intent {
            Intent::Skip(reason) => return Ok(Outcome::Skipped(reason)),
            Intent::Conditional => None,
            Intent::Claimed(effect_id) => Some(effect_id),
        };

        if !self.time_allows(Duration::ZERO) {
            return Err(Fault::new(Stage::Handle, NoTimeLeft).into());
        }
        let held = match effect_id {
            None => None,
            Some(effect_id) => match self.claim(&effect_id, stages).await? {
                Ok(held) => Some(held),
                Err(outcome) => return Ok(outcome),
            },
        };

        let handling = Instant::now();
        let effect = AssertUnwindSafe(handler.handle(&event)).catch_unwind();
        let effect = tokio::time::timeout(self.parts.settings.effect_timeout, effect).await;
        stages.add(Stage::Handle, handling.elapsed());
        let guarded = held.is_some();
        let effect = match effect {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => Err(Fault::from(Panicked::Handling { guarded })),
            Err(_elapsed) => Err(Fault::from(EffectTimeout { guarded })),
        };
        match (effect, held) {
            (Ok(Effect::Done), None) => Ok(Outcome::Done),
            (Ok(Effect::Duplicate), None) => Ok(Outcome::Duplicate),
            (Ok(effect), Some(held)) => match self.complete(&held, stages).await {
                Ok(()) => Ok(if effect == Effect::Done { Outcome::Done } else { Outcome::Duplicate }),
                // Not another try: the effect must not run again.
                Err(fault) => {
                    self.log_owed(&record, &fault, 1);
                    Ok(Outcome::Unfinished(fault.code))
                }
            },
            (Err(fault), held) => Err(Failed { fault, held }),
        }
    }

    /// `Ok(Ok)`: the effect is ours to run. `Ok(Err)`: it needs no running.
    async fn claim(&self, effect: &EffectId, stages: &mut StageTimes) -> Result<Result<Held, Outcome>, Failed> {
        let settings = &self.parts.settings;
        let claiming = Instant::now();
        let claim = self.parts.claims.claim(effect, settings.effect_timeout + settings.lease_skew).await;
        stages.add(Stage::Claim, claiming.elapsed());
        match claim.map_err(|error| Fault::new(Stage::Claim, error))? {
            // The machine may have been frozen between the write and here: an effect must end within its lease.
            Claim::Claimed(held)
                if held.until < self.parts.clock.now().plus(settings.effect_timeout)
                    && stands(Safeguard::LeaseRecheck) =>
            {
                Err(Failed { fault: Fault::new(Stage::Claim, LeaseTooShort), held: Some(held) })
            }
            Claim::Claimed(held) => Ok(Ok(held)),
            Claim::Done | Claim::Parked(_) => Ok(Err(Outcome::Duplicate)),
            Claim::Conflict => Err(Fault::new(Stage::Claim, ClaimConflict).into()),
            Claim::HeldUntil(until) => {
                let after = until.since(self.parts.clock.now());
                Err(Fault::new(Stage::Claim, HeldByAnother { after }).into())
            }
            Claim::Uncertain(held) => Err(Failed { fault: Fault::new(Stage::Claim, Abandoned), held: Some(held) }),
        }
    }

    /// The effect happened. Until that is recorded the record is owed: redelivered, it will find the claim held, then
    /// uncertain, and be parked.
    async fn complete(&self, held: &Held, stages: &mut StageTimes) -> Result<(), Fault> {
        let settling = Instant::now();
        let settled = self.settle(|| self.parts.claims.complete(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        match settled {
            Ok(Settled::Applied) => Ok(()),
            Ok(Settled::NotOurs) => Err(Fault::new(Stage::Settle, Unrecorded { cause: None })),
            Err(error) => Err(Fault::new(Stage::Settle, Unrecorded { cause: Some(error) })),
        }
    }

    async fn release(&self, held: &Held, stages: &mut StageTimes) {
        let settling = Instant::now();
        let released = self.settle(|| self.parts.claims.release(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        if let Err(error) = released {
            // Harmless to the promise: the lease runs out and the record is parked as uncertain.
            tracing::warn!(claim = %held.token, error = %Fault::new(Stage::Settle, error), "a claim could not be released");
        }
    }

    /// Stores the letter, then parks the claim; the record is finished only when both hold.
    async fn park(&self, letter: DeadLetter, fault: Fault, held: Option<Held>, stages: &mut StageTimes) -> Outcome {
        let settling = Instant::now();
        let stored = self.settle(|| self.parts.dead_letters.store(&letter)).await;
        let outcome = match stored {
            Err(_) if !stands(Safeguard::LetterFirst) => Outcome::Parked(fault.code),
            Err(error) => {
                let code = error.code;
                self.log(
                    &letter,
                    &Fault::new(Stage::Settle, error),
                    "no dead letter could be stored; the record stays owed",
                );
                if let (Some(held), Disposition::DeadLetter) = (&held, fault.disposition) {
                    self.release(held, &mut StageTimes::default()).await;
                }
                Outcome::Unfinished(code)
            }
            Ok(()) => match &held {
                None => Outcome::Parked(fault.code),
                Some(held) => match self.settle(|| self.parts.claims.park(held, &letter.id)).await {
                    Ok(_) => Outcome::Parked(fault.code),
                    Err(error) => {
                        let code = error.code;
                        self.log(
                            &letter,
                            &Fault::new(Stage::Settle, error),
                            "the claim of a parked record could not be parked",
                        );
                        Outcome::Unfinished(code)
                    }
                },
            },
        };
        stages.add(Stage::Settle, settling.elapsed());
        if outcome.is_finished() {
            self.log(&letter, &fault, "parked");
        }
        outcome
    }

    /// Gives up a record whose JSON could not be read.
    pub(crate) async fn give_up_unread(&self, place: Place, raw: RawBytes, fault: Fault) -> Travelled {
        let mut stages = StageTimes::default();
        let letter = self.letter(place, raw, &fault, 1);
        let blame = Some(fault.blame);
        let outcome = self.park(letter, fault, None, &mut stages).await;
        Travelled { outcome, blame, stages, retries: 0 }
    }

    /// Gives up a record whose base64 could not be read: its text is kept as it came.
    pub(crate) async fn give_up_undecoded(&self, record: &Record<'_>, fault: Fault) -> Travelled {
        let place = Place {
            lane: self.lane_name.to_owned(),
            topic: record.topic.to_string(),
            partition: record.partition,
            offset: Some(record.offset),
            timestamp: record.timestamp,
            index: 0,
        };
        let raw = RawBytes::of_undecoded(record);
        self.give_up_unread(place, raw, fault).await
    }

    /// A store's write is tried again while the reserve lasts; its conditions make repeating it safe.
    async fn settle<'s, T, F>(&'s self, write: F) -> Result<T, StoreError>
    where
        F: Fn() -> futures_util::future::BoxFuture<'s, Result<T, StoreError>>,
    {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let error = match write().await {
                Ok(settled) => return Ok(settled),
                Err(error) => error,
            };
            match self.parts.settings.retry.pause(attempt, error.retry_after) {
                Some(pause) if started.elapsed() + pause < self.parts.settings.settle_reserve => {
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }

    fn time_allows(&self, pause: Duration) -> bool {
        self.invocation.deadline.allows(pause + self.parts.settings.needed_for_effect()) || !stands(Safeguard::Deadline)
    }

    fn letter(&self, place: Place, raw: RawBytes, fault: &Fault, attempt: u32) -> DeadLetter {
        let source = self.event.source.as_str();
        let cluster = self.event.source_arn.as_deref().or(self.event.bootstrap_servers.as_deref()).unwrap_or_default();
        DeadLetter {
            version: LETTER_VERSION,
            id: LetterId::of(&self.invocation.function, cluster, &place),
            event_source: source.to_owned(),
            event_source_arn: self.event.source_arn.as_deref().map(str::to_owned),
            bootstrap_servers: self.event.bootstrap_servers.as_deref().map(str::to_owned),
            place,
            raw,
            key_schema: None,
            value_schema: None,
            claim: None,
            error: Reason {
                code: fault.code.to_owned(),
                stage: fault.stage.as_str().to_owned(),
                chain: fault.chain(),
                uncertain: fault.disposition == Disposition::Uncertain,
            },
            given_up_by: GivenUpBy {
                function: self.invocation.function.clone(),
                function_version: self.invocation.function_version.clone(),
                request_id: self.invocation.request_id.clone(),
                attempt,
                at_ms: self.parts.clock.now().0,
            },
            redriven: None,
        }
    }

    fn with_schemas(&self, letter: DeadLetter, record: &RawRecord<'_>) -> DeadLetter {
        let schemas = self.parts.handler.schemas(record);
        DeadLetter { key_schema: schemas.key, value_schema: schemas.value, ..letter }
    }

    /// The one line of a record that was given up, or of a store that kept it from being given up.
    fn log(&self, letter: &DeadLetter, fault: &Fault, what: &str) {
        tracing::warn!(
            topic = letter.place.topic,
            partition = letter.place.partition,
            offset = letter.place.offset,
            key = letter.raw.key.as_deref().map(|key| key_digest(key.as_bytes())),
            key_schema = letter.key_schema,
            value_schema = letter.value_schema,
            letter = letter.id.as_str(),
            error_code = fault.code,
            stage = fault.stage.as_str(),
            error = %fault,
            "{what}"
        );
    }

    /// The one line of a record that is still owed.
    fn log_owed(&self, record: &RawRecord<'_>, fault: &Fault, attempts: u32) {
        let schemas = self.parts.handler.schemas(record);
        tracing::warn!(
            topic = record.topic,
            partition = record.partition,
            offset = record.offset,
            key = record.key.map(|key| key_digest(base64(key).as_bytes())),
            key_schema = schemas.key,
            value_schema = schemas.value,
            attempts,
            error_code = fault.code,
            stage = fault.stage.as_str(),
            error = %fault,
            "not finished; the event source must deliver it again"
        );
    }
}

/// Keys may be personal: logs carry 64 bits of a hash, enough to find a key's lines by.
fn key_digest(key_base64: &[u8]) -> String {
    hex::encode(&Sha256::digest(key_base64)[..8])
}
