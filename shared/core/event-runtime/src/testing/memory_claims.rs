//! Claims in memory, with the same conditional writes as an adapter makes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::in_memory::{CLAIMS_TABLE, Faults, WriteFault, answer, lock, refusal, take_fault};
use super::stored_claims::{Change, Items, Resolution, Sent, Stored, StoredClaim, Write, apply};
use crate::claims::{
    Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled,
};
use crate::clock::{Clock, UnixMillis};
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::safeguards::{Safeguard, is_enabled};
use crate::store_error::StoreError;

/// The longest key of [`MemoryClaims`], in bytes.
const MAX_KEY_BYTES: usize = 1000;

/// [`Claims`] in memory.
#[derive(Clone)]
pub struct MemoryClaims {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) items: Arc<Mutex<Items>>,
    pub(super) faults: Faults,
    writes: Arc<AtomicUsize>,
    late: Arc<Mutex<Late>>,
}

/// Writes that are sent and not yet applied.
#[derive(Default)]
struct Late {
    sent: usize,
    under_way: BTreeMap<usize, Change>,
}

/// A write that was applied late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The claim.
    pub key: ClaimKey,
    /// The token of its sender.
    pub token: OwnerToken,
    /// The end of the lease in the write.
    pub until: UnixMillis,
    /// What the write was for.
    pub sent: Sent,
    /// The claim before the write, and after it.
    pub before: Option<StoredClaim>,
    /// The same as `before` where the write changed nothing.
    pub after: Option<StoredClaim>,
}

impl MemoryClaims {
    /// An empty store that reads `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (items, faults, writes, late) = Default::default();
        MemoryClaims { clock, items, faults, writes, late }
    }

    /// The same store as a worker with another clock sees it.
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        MemoryClaims { clock, ..self.clone() }
    }

    /// Makes the next call of `operation` (`claim`, `complete`, `release`, `withdraw`, `park`, `resolve`) fail without
    /// effect.
    pub fn fail_next(&self, operation: &'static str) {
        self.fault_next(operation, WriteFault::NotApplied);
    }

    /// Makes the next call of `operation` fail in this way.
    pub fn fault_next(&self, operation: &'static str, fault: WriteFault) {
        lock(&self.faults).push_back((operation, fault));
    }

    /// What is stored under a key.
    pub fn stored(&self, key: &str) -> Option<StoredClaim> {
        lock(&self.items).iter().find(|(stored, _)| stored.as_str() == key).map(|(_, item)| item.claim.clone())
    }

    /// The latest decision about a claim.
    pub fn resolution(&self, key: &ClaimKey) -> Option<Resolution> {
        lock(&self.items).get(key)?.resolution.clone()
    }

    /// Conditional writes that reached the store, refused ones included: a table bills both.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// The numbers of the writes that are not yet applied ([`WriteFault::Late`]), in the order in which they were sent.
    pub fn under_way(&self) -> Vec<usize> {
        lock(&self.late).under_way.keys().copied().collect()
    }

    /// Applies a late write.
    pub fn land(&self, number: usize) -> Option<Landed> {
        let change = lock(&self.late).under_way.remove(&number)?;
        let (key, token, until) = change.sent_by();
        let before = self.stored(key.as_str());
        self.write(&change);
        let after = self.stored(key.as_str());
        Some(Landed { key, token, until, sent: change.sent(), before, after })
    }

    /// One write that reaches the store.
    pub(super) fn write(&self, change: &Change) -> Write {
        self.writes.fetch_add(1, Ordering::Relaxed);
        apply(change, &mut lock(&self.items))
    }

    /// Sends a write: twice or late, according to the fault.
    pub(super) fn send(&self, fault: Option<WriteFault>, change: Change) -> Write {
        match fault {
            Some(WriteFault::Late) => {
                let mut late = lock(&self.late);
                let number = late.sent;
                late.sent += 1;
                late.under_way.insert(number, change);
                Write::UnderWay
            }
            Some(WriteFault::SentTwice) => {
                self.write(&change);
                self.write(&change)
            }
            Some(
                WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::AnswerLost | WriteFault::SecondLate,
            )
            | None => self.write(&change),
        }
    }

    /// `None` while its write is under way.
    fn take(&self, effect: &EffectId, lease: Duration, token: OwnerToken, fault: Option<WriteFault>) -> Option<Claim> {
        let now = self.clock.now();
        let held = Held { key: effect.key.clone(), token, until: now.plus(lease), former: None };
        let fingerprint = effect.fingerprint;
        let found = match self.send(fault, Change::Put { held: held.clone(), fingerprint }) {
            Write::Applied => return Some(Claim::Claimed(held)),
            // A refused write returns the item: without races it is always there.
            Write::Refused(None) => return Some(Claim::HeldUntil(now)),
            Write::Refused(Some(found)) => found,
            Write::UnderWay => return None,
        };
        let ours = found.claim.token() == token && is_enabled(Safeguard::OwnToken);
        let taken_over = match found.claim {
            StoredClaim::Held { taken_over, .. } if ours => taken_over && is_enabled(Safeguard::TakenOver),
            StoredClaim::Held { until, .. } if until > now && is_enabled(Safeguard::LiveLease) => {
                return Some(Claim::HeldUntil(until));
            }
            StoredClaim::Held { .. } => true,
            StoredClaim::Free { .. } => false,
            StoredClaim::Done { .. } | StoredClaim::Parked { .. } if effect.conflicts_with(found.fingerprint) => {
                return Some(Claim::Conflict);
            }
            StoredClaim::Done { .. } => return Some(Claim::Done),
            StoredClaim::Parked { token, letter, doubt } => {
                return Some(Claim::Parked(Parked { letter: Some(letter), token, doubt }));
            }
        };
        let later =
            found.claim.until().map_or(held.until, |until| held.until.max(until.plus(Duration::from_millis(1))));
        let held = Held { until: later, ..held };
        let take = Change::Take { held: held.clone(), fingerprint, looked_at: found.claim, taken_over };
        let late = (fault == Some(WriteFault::SecondLate)).then_some(WriteFault::Late);
        let taken = match self.send(late.or(fault), take) {
            Write::Applied => true,
            Write::Refused(now) => now.is_some_and(|now| now.claim.is_held(&held) && is_enabled(Safeguard::OwnToken)),
            Write::UnderWay => return None,
        };
        Some(match taken {
            false => Claim::HeldUntil(held.until),
            true if taken_over => Claim::Uncertain(held),
            true => Claim::Claimed(held),
        })
    }

    /// Held by us becomes `next`.
    fn settle(&self, operation: &'static str, held: &Held, next: StoredClaim) -> Result<Settled, StoreError> {
        let fault = take_fault(&self.faults, operation);
        refusal(CLAIMS_TABLE, operation, fault)?;
        // Settling makes one write.
        let fault = fault.map(|fault| if fault == WriteFault::SecondLate { WriteFault::Late } else { fault });
        let written = self.send(fault, Change::Settle { held: held.clone(), next: next.clone() });
        answer(CLAIMS_TABLE, operation, fault)?;
        // Settled by the same token: by an earlier attempt whose answer was lost. A claim without an item is free.
        let settled_before = |found: Option<Stored>| match (&next, found) {
            (StoredClaim::Free { .. }, None) => true,
            (next, found) => found.is_some_and(|found| found.claim == *next),
        };
        Ok(match written {
            Write::Applied => Settled::Applied,
            Write::Refused(found) if settled_before(found.clone()) && is_enabled(Safeguard::OwnToken) => {
                Settled::Applied
            }
            Write::Refused(_) | Write::UnderWay => Settled::NotOurs,
        })
    }

    fn withdrawn(&self, key: &ClaimKey, lease: Duration, token: OwnerToken) -> Result<Settled, StoreError> {
        let fault = take_fault(&self.faults, "withdraw");
        refusal(CLAIMS_TABLE, "withdraw", fault)?;
        let fault = fault.map(|fault| if fault == WriteFault::SecondLate { WriteFault::Late } else { fault });
        let held = Held { key: key.clone(), token, until: self.clock.now().plus(lease), former: None };
        let written = self.send(fault, Change::Withdraw { held });
        answer(CLAIMS_TABLE, "withdraw", fault)?;
        Ok(match written {
            Write::Applied => Settled::Applied,
            Write::Refused(Some(Stored { claim: StoredClaim::Free { .. }, .. })) => Settled::Applied,
            Write::Refused(_) | Write::UnderWay => Settled::NotOurs,
        })
    }

    fn decide(&self, key: &ClaimKey, park: ParkedUnder<'_>, decision: Decision, by: Decider<'_>) -> Resolved {
        let decided =
            Resolution { decision, by: by.name().to_owned(), at: self.clock.now(), letter: park.letter.clone() };
        let mut items = lock(&self.items);
        let Some(item) = items.get_mut(key) else { return Resolved::NotParked };
        match &item.claim {
            StoredClaim::Parked { token, letter, .. }
                if (letter != park.letter || park.token.is_some_and(|seen| seen != *token))
                    && is_enabled(Safeguard::LetterFence) =>
            {
                return Resolved::OtherPark;
            }
            StoredClaim::Parked { doubt: Doubt::Uncertain, .. }
                if by == Decider::Redrive && is_enabled(Safeguard::CertainOnly) =>
            {
                return Resolved::Uncertain;
            }
            StoredClaim::Parked { .. } => {}
            StoredClaim::Held { .. } | StoredClaim::Done { .. } | StoredClaim::Free { .. } => {
                let same = |before: &Resolution| Resolution { at: decided.at, ..before.clone() } == decided;
                return match item.resolution.as_ref().is_some_and(same) {
                    true => Resolved::Applied,
                    false => Resolved::NotParked,
                };
            }
        }
        let token = item.claim.token();
        item.claim = match decision {
            Decision::Repeat => StoredClaim::Free { token, until: None },
            Decision::Done => StoredClaim::Done { token },
        };
        item.resolution = Some(decided);
        Resolved::Applied
    }
}

impl Claims for MemoryClaims {
    fn max_key_bytes(&self) -> usize {
        MAX_KEY_BYTES
    }

    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            let fault = take_fault(&self.faults, "claim");
            refusal(CLAIMS_TABLE, "claim", fault)?;
            let claim = self.take(effect, lease, token, fault);
            match (claim, fault) {
                // Its second write was to be late, but it made only one.
                (Some(claim), Some(WriteFault::SecondLate)) => Ok(claim),
                (claim, fault) => {
                    answer(CLAIMS_TABLE, "claim", fault)?;
                    Ok(claim.unwrap_or(Claim::HeldUntil(self.clock.now())))
                }
            }
        }
        .boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.settle("complete", held, StoredClaim::Done { token: held.token }) }.boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let free = StoredClaim::Free { token: held.token, until: Some(held.until) };
        async move { self.settle("release", held, free) }.boxed()
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.withdrawn(key, lease, token) }.boxed()
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let parked = StoredClaim::Parked { token: held.token, letter: letter.clone(), doubt };
        async move { self.settle("park", held, parked) }.boxed()
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        async move {
            let fault = take_fault(&self.faults, "resolve");
            refusal(CLAIMS_TABLE, "resolve", fault)?;
            let resolved = self.decide(key, park, decision, by);
            answer(CLAIMS_TABLE, "resolve", fault)?;
            Ok(resolved)
        }
        .boxed()
    }
}
