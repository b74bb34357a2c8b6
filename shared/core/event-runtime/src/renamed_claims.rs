//! Claims of effects that an earlier version of the function claimed under another name: both names are held and
//! settled.
//!
//! A new claim key must not let an effect happen again: neither after the upgrade, for effects that were claimed under
//! the *former* name, nor during a roll-out or after a rollback, when the earlier version uses the same table. So both
//! names are held while the effect runs, and both are settled: an earlier version that runs later finds its own name
//! taken.
//!
//! Several effects may share the former name; that is the usual reason for a new one. So this version leaves only a
//! *mark* under it, which does not count for versions that know the new name: it has a fingerprint that no claim has,
//! and the port's comparison of fingerprints distinguishes it from an earlier version's claim, which has none. The
//! claim under the new name is the one that counts, and the one that a letter names.
//!
//! | the former name is | what that means |
//! |---|---|
//! | absent, or free | no version holds it: it is claimed first, then the new name |
//! | done or parked, without a mark | an earlier version ran the effect, or gave it up: that is the result |
//! | done or parked, with a mark | this version settled it, for this effect or another: only the new name counts |
//! | held | a worker of either version holds it: the record waits for it |
//! | held, and abandoned | the effect may have happened, unless the new name is settled |
//!
//! A worker that dies between its writes leaves a name held, never free: the effect is uncertain then, as after any
//! other crash. A record that this version gave up and the earlier version redrives after a rollback finds its former
//! name parked, and its letter stays in the queue until the new version is deployed again.

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

/// Claims each effect under both of its names; an effect with one name only under that.
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
            // A function that compares fingerprints has them on its earlier claims as well: then this may be a mark or
            // a claim.
            Claim::Conflict if effect.fingerprint.is_some() => return Ok(Claim::Conflict),
            Claim::Conflict => return self.0.claim(effect, lease, token).await,
            settled @ (Claim::Done | Claim::Parked(_) | Claim::HeldUntil(_)) => return Ok(settled),
        };
        // An error leaves the former name held by our token: the next attempt takes it again, or it is withdrawn.
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
            // The former name stays abandoned: the worker that holds the new name does not know of it.
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
    /// Settles the new name first: once that is done, this version does not depend on the former one.
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
