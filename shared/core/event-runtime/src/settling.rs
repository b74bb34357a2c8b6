//! Writes that end a record: they complete, release or withdraw its claim, and retry any write to a store while the
//! time reserved for settling lasts.

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use crate::claims::{Claim, Held, OwnerToken, Settled};
use crate::effect_id::EffectId;
use crate::failure::{Fault, Stage};
use crate::failures::{Store, Unrecorded, too_slow};
use crate::handler::RecordHandler;
use crate::outcome::StageTimes;
use crate::partition_context::PartitionContext;
use crate::safeguards::{Safeguard, is_enabled};
use crate::store_error::StoreError;

/// The owner under which a record claims in one invocation: the same token at each attempt.
pub(crate) struct ClaimOwner {
    pub(crate) token: OwnerToken,
    /// The claim that was requested without an answer: this worker may hold it.
    unanswered: Option<EffectId>,
}

impl ClaimOwner {
    pub(crate) fn new() -> Self {
        ClaimOwner { token: OwnerToken::fresh(), unanswered: None }
    }

    pub(crate) fn was_answered(&mut self, effect: &EffectId, claim: &Result<Claim, StoreError>) {
        match claim {
            Err(_) => self.unanswered = Some(effect.clone()),
            // An earlier request of this worker may still be applied once the other worker has released the claim.
            Ok(Claim::HeldUntil(_)) => {}
            // An earlier write changes nothing once the claim is settled, or held by a later write of this worker.
            Ok(Claim::Claimed(_) | Claim::Uncertain(_) | Claim::Done | Claim::Parked(_) | Claim::Conflict) => {
                self.unanswered = None;
            }
        }
    }
}

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// Records that the effect happened. Until then the record is pending: delivered again, it finds the claim held,
    /// then uncertain, and goes to the dead letters.
    pub(crate) async fn complete(&self, held: &Held, stages: &mut StageTimes) -> Result<(), Fault> {
        let settling = Instant::now();
        let settled = self.settle(Store::Claims, "complete", settling, || self.processor.claims.complete(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        match settled {
            Ok(Settled::Applied) => Ok(()),
            Ok(Settled::NotOurs) => Err(Fault::new(Stage::Settle, Unrecorded { cause: None })),
            Err(error) => Err(Fault::new(Stage::Settle, Unrecorded { cause: Some(error) })),
        }
    }

    pub(crate) async fn release(&self, held: &Held, stages: &mut StageTimes) {
        let settling = Instant::now();
        let released = self.settle(Store::Claims, "release", settling, || self.processor.claims.release(held)).await;
        stages.add(Stage::Settle, settling.elapsed());
        if let Err(error) = released {
            // No guarantee breaks: the lease ends and the record is dead-lettered as uncertain.
            self.log_unreleased(held, &Fault::new(Stage::Settle, error));
        }
    }

    /// Takes back a claim that was requested without an answer: it may have been applied, or may still be. Its effect
    /// never began, but only this worker knows: left alone, the claim would look as if its worker had died.
    pub(crate) async fn withdraw(&self, owner: &ClaimOwner, stages: &mut StageTimes) {
        let Some(effect) = owner.unanswered.as_ref().filter(|_| is_enabled(Safeguard::Withdrawn)) else { return };
        if !self.can_still_settle() {
            return;
        }
        let (claims, lease, token) = (&self.processor.claims, self.processor.settings.lease(), owner.token);
        let settling = Instant::now();
        for key in effect.former.iter().chain([&effect.key]) {
            let withdrawn =
                self.settle(Store::Claims, "withdraw", settling, || claims.withdraw(key, lease, token)).await;
            if let Err(error) = withdrawn {
                // The record's own log line says that the table did not answer.
                tracing::debug!(claim = %token, error_code = error.code, "a claim could not be withdrawn");
            }
        }
        stages.add(Stage::Settle, settling.elapsed());
    }

    /// Tries a write to a store until the reserve, counted from `started`, is used up. The write's conditions make
    /// repeating it safe. A store that does not answer must not use up the rest of the invocation.
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
        let end = started + self.processor.settings.settle_reserve;
        let mut attempt = 1;
        loop {
            let written = timeout_at(end, write()).await;
            let error = match written.unwrap_or_else(|_elapsed| Err(too_slow(store, operation))) {
                Ok(settled) => return Ok(settled),
                Err(error) => error,
            };
            match self.processor.settings.retry.pause(attempt, error.retry_after) {
                Some(pause) if Instant::now() + pause < end => {
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }
}
