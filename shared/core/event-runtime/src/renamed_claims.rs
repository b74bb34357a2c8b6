//! Claims of effects that an earlier version of the function claimed under another name.
//!
//! A name that is better than the one before must not let the effect happen again, neither after the upgrade, for what
//! was claimed under the *former* name, nor during a roll-out or after a rollback, when the earlier version works on the
//! same table. So both names are held while the effect runs, and both are settled: an earlier version that comes later
//! finds its own name taken.
//!
//! The former name may be one that several effects share; that is the usual reason for a better one. So what this
//! version leaves under it is only a *mark* and binds nobody who knows the new name: it carries a fingerprint that no
//! claim has, and the port's own comparison of fingerprints tells it from an earlier version's claim, which has none.
//! The claim under the new name is the one that counts, and the one that a letter names.
//!
//! | the former name is | what that says |
//! |---|---|
//! | nothing, or free | nobody claimed it: it is held first, then the new name |
//! | done or parked, without a mark | an earlier version did the effect, or gave it up: so it is |
//! | done or parked, with a mark | this version did that, for this effect or another: the new name alone decides |
//! | held | somebody is at it, in whichever version: it is waited for |
//! | held, and abandoned | the effect may have happened, unless the new name is settled |
//!
//! A worker that dies between its writes leaves a name held, never one free: the effect is uncertain then, as after
//! any other death. What was parked here and is redriven by the earlier version after a rollback finds its former name
//! parked and stays in the queue until the deployment goes forward again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::claims::{
    Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled,
};
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId, Fingerprint};
use crate::store_error::StoreError;

/// Claims each effect under both its names; those that have one name as they are.
pub(crate) struct RenamedClaims(pub(crate) Arc<dyn Claims>);

impl RenamedClaims {
    async fn claim_both(
        &self,
        effect: &EffectId,
        former: &ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> Result<Claim, StoreError> {
        let mark = Fingerprint::of([("mark", OwnerToken::fresh().to_string())]);
        let marked = EffectId::new(former.clone()).with_fingerprint(mark);
        let (former, abandoned) = match self.0.claim(&marked, lease, token).await? {
            Claim::Claimed(held) => (held, false),
            Claim::Uncertain(held) => (held, true),
            // A function that compares fingerprints has them on its earlier claims, too: then this one may be either.
            Claim::Conflict if effect.fingerprint.is_some() => return Ok(Claim::Conflict),
            Claim::Conflict => return self.0.claim(effect, lease, token).await,
            settled @ (Claim::Done | Claim::Parked(_) | Claim::HeldUntil(_)) => return Ok(settled),
        };
        // An error leaves the former name held, by our token: the next try takes it anew, or it is withdrawn.
        let claim = self.0.claim(effect, lease, token).await?;
        Ok(match claim {
            Claim::Claimed(held) if abandoned => Claim::Uncertain(held.with_former(former)),
            Claim::Claimed(held) => Claim::Claimed(held.with_former(former)),
            Claim::Uncertain(held) => Claim::Uncertain(held.with_former(former)),
            Claim::Done | Claim::Conflict => {
                self.0.complete(&former).await?;
                claim
            }
            Claim::Parked(parked) => {
                self.mark_parked(&former, &parked).await?;
                Claim::Parked(parked)
            }
            // What is abandoned stays so: whoever holds the new name does not know of it.
            Claim::HeldUntil(until) => {
                if !abandoned {
                    self.0.release(&former).await?;
                }
                Claim::HeldUntil(until)
            }
        })
    }

    async fn mark_parked(&self, former: &Held, parked: &Parked) -> Result<Settled, StoreError> {
        match &parked.letter {
            Some(letter) => self.0.park(former, letter, parked.doubt).await,
            None => self.0.complete(former).await,
        }
    }
}

impl Claims for RenamedClaims {
    fn max_key_bytes(&self) -> usize {
        self.0.max_key_bytes()
    }

    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        match &effect.former {
            None => self.0.claim(effect, lease, token),
            Some(former) => self.claim_both(effect, former, lease, token).boxed(),
        }
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle(held, |held| self.0.complete(held))
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle(held, |held| self.0.release(held))
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.0.withdraw(key, lease, token)
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle(held, move |held| self.0.park(held, letter, doubt))
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.0.resolve(key, park, decision, by)
    }
}

impl RenamedClaims {
    /// The new name first: once that is settled, nothing depends on the other in this version.
    fn settle<'a, F>(&'a self, held: &'a Held, write: F) -> BoxFuture<'a, Result<Settled, StoreError>>
    where
        F: Fn(&'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> + Send + 'a,
    {
        let Some(former) = &held.former else { return write(held) };
        async move {
            let settled = write(held).await?;
            if settled == Settled::Applied {
                write(former).await?;
            }
            Ok(settled)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
