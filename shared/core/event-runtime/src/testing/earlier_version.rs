//! Claims as the version before this one stores them, over the same items: for tests of a roll-out.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::in_memory::{CLAIMS_TABLE, WriteFault, answer, refusal, take_fault};
use super::memory_claims::MemoryClaims;
use super::stored_claims::{Change, Stored, StoredClaim, Write};
use crate::claims::{
    Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled,
};
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::store_error::StoreError;

/// [`Claims`] as the version before wrote and read them: a new token at each attempt, no doubt on a parked claim,
/// writes fenced by the token alone, and released claims are deleted. It had no withdrawal.
///
/// Its writes are never late ([`WriteFault::Late`] is a lost answer here), because that version did not handle late
/// writes correctly.
#[derive(Clone)]
pub struct EarlierClaims(pub MemoryClaims);

impl EarlierClaims {
    fn fault(&self, operation: &'static str) -> Option<WriteFault> {
        take_fault(&self.0.faults, operation).map(|fault| match fault {
            WriteFault::Late | WriteFault::SecondLate => WriteFault::AnswerLost,
            WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::AnswerLost | WriteFault::SentTwice => fault,
        })
    }

    fn take(&self, effect: &EffectId, lease: Duration, fault: Option<WriteFault>) -> Claim {
        let now = self.0.clock.now();
        let held = Held { key: effect.key.clone(), token: OwnerToken::fresh(), until: now.plus(lease), former: None };
        let fingerprint = effect.fingerprint;
        let found = match self.0.send(fault, Change::EarlierPut { held: held.clone(), fingerprint }) {
            Write::Applied => return Claim::Claimed(held),
            Write::Refused(None) | Write::UnderWay => return Claim::HeldUntil(now),
            Write::Refused(Some(found)) => found,
        };
        let abandoned = match found.claim {
            StoredClaim::Held { token, until, .. } if token == held.token => {
                return Claim::Claimed(Held { until, ..held });
            }
            StoredClaim::Held { until, .. } if until > now => return Claim::HeldUntil(until),
            StoredClaim::Held { .. } => true,
            StoredClaim::Free { .. } => false,
            StoredClaim::Done { .. } | StoredClaim::Parked { .. } if effect.conflicts_with(found.fingerprint) => {
                return Claim::Conflict;
            }
            StoredClaim::Done { .. } => return Claim::Done,
            StoredClaim::Parked { token, letter, doubt } => {
                return Claim::Parked(Parked { letter: Some(letter), token, doubt });
            }
        };
        let take = Change::Take { held: held.clone(), fingerprint, looked_at: found.claim, taken_over: false };
        let taken = match self.0.send(fault, take) {
            Write::Applied => true,
            Write::Refused(now) => now.is_some_and(|now| now.claim.token() == held.token),
            Write::UnderWay => false,
        };
        match (taken, abandoned) {
            (false, _) => Claim::HeldUntil(held.until),
            (true, true) => Claim::Uncertain(held),
            (true, false) => Claim::Claimed(held),
        }
    }

    fn settle(&self, operation: &'static str, held: &Held, next: Option<StoredClaim>) -> Result<Settled, StoreError> {
        let fault = self.fault(operation);
        refusal(CLAIMS_TABLE, operation, fault)?;
        let written = self.0.send(fault, Change::EarlierSettle { held: held.clone(), next: next.clone() });
        answer(CLAIMS_TABLE, operation, fault)?;
        let settled_before = |found: Option<Stored>| match (&next, found.map(|found| found.claim)) {
            (None, None) => true,
            (None, Some(StoredClaim::Free { token, .. })) => token == held.token,
            (next, found) => *next == found,
        };
        Ok(match written {
            Write::Applied => Settled::Applied,
            Write::Refused(found) if settled_before(found.clone()) => Settled::Applied,
            Write::Refused(_) | Write::UnderWay => Settled::NotOurs,
        })
    }
}

impl Claims for EarlierClaims {
    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        _: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            let fault = self.fault("claim");
            refusal(CLAIMS_TABLE, "claim", fault)?;
            let claim = self.take(effect, lease, fault);
            answer(CLAIMS_TABLE, "claim", fault)?;
            Ok(claim)
        }
        .boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.settle("complete", held, Some(StoredClaim::Done { token: held.token })) }.boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.settle("release", held, None) }.boxed()
    }

    fn withdraw<'a>(
        &'a self,
        _: &'a ClaimKey,
        _: Duration,
        _: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        ready(Ok(Settled::NotOurs)).boxed()
    }

    /// It does not store a doubt, which this version reads as [`Doubt::Uncertain`].
    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        _: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let parked = StoredClaim::Parked { token: held.token, letter: letter.clone(), doubt: Doubt::Uncertain };
        async move { self.settle("park", held, Some(parked)) }.boxed()
    }

    /// It checks only the letter's name, for any decider.
    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.0.resolve(key, ParkedUnder::from(park.letter), decision, Decider::Person(by.name()))
    }
}
