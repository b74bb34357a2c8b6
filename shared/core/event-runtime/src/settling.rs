//! The writes at a record's end: to its claim and, through [`PartitionContext::settle`], to the dead letters. They have
//! the reserve of time that the settings keep for them.

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

/// As whom a record claims in one invocation, at every try.
pub(crate) struct ClaimOwner {
    pub(crate) token: OwnerToken,
    /// The claim that was asked for and may be ours without our knowing.
    unanswered: Option<EffectId>,
}

impl ClaimOwner {
    pub(crate) fn new() -> Self {
        ClaimOwner { token: OwnerToken::fresh(), unanswered: None }
    }

    pub(crate) fn was_answered(&mut self, effect: &EffectId, claim: &Result<Claim, StoreError>) {
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

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// The effect happened. Until that is recorded the record is pending: redelivered, it will find the claim held,
    /// then uncertain, and be parked.
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
            // Harmless to the promise: the lease runs out and the record is parked as uncertain.
            self.log_unreleased(held, &Fault::new(Stage::Settle, error));
        }
    }

    /// The record is over for this worker, and a claim that it sent may have arrived, or may yet arrive, without an
    /// answer. Its effect never began, which nobody else could know: left behind, it would look like a worker's that
    /// died.
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
