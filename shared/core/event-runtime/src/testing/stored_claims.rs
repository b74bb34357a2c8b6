//! Claims as they are stored in memory, and the conditional writes that change them.

use std::collections::BTreeMap;

use crate::claims::{Decision, Doubt, Held, OwnerToken};
use crate::clock::UnixMillis;
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, Fingerprint};
use crate::safeguards::{Safeguard, is_enabled};

/// A claim as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredClaim {
    /// Its effect runs, or ran until its worker died.
    Held {
        /// The owner's token.
        token: OwnerToken,
        /// The end of the lease.
        until: UnixMillis,
        /// Whether it was taken over from a worker that had abandoned it.
        taken_over: bool,
    },
    /// Its effect happened.
    Done {
        /// The token of the worker that completed it.
        token: OwnerToken,
    },
    /// It was given up.
    Parked {
        /// The token of the worker that parked it.
        token: OwnerToken,
        /// The letter that it is parked under.
        letter: LetterId,
        /// Whether its effect may have happened.
        doubt: Doubt,
    },
    /// It was released or withdrawn, or its effect may be repeated.
    Free {
        /// The token of its last owner.
        token: OwnerToken,
        /// The end of the last lease: the next take must name a later one. `None` after a decision.
        until: Option<UnixMillis>,
    },
}

impl StoredClaim {
    /// The token of the last write.
    pub fn token(&self) -> OwnerToken {
        match self {
            StoredClaim::Held { token, .. }
            | StoredClaim::Done { token }
            | StoredClaim::Parked { token, .. }
            | StoredClaim::Free { token, .. } => *token,
        }
    }

    pub(super) fn until(&self) -> Option<UnixMillis> {
        match self {
            StoredClaim::Held { until, .. } => Some(*until),
            StoredClaim::Free { until, .. } => *until,
            StoredClaim::Done { .. } | StoredClaim::Parked { .. } => None,
        }
    }

    /// Whether it is held under exactly this lease.
    pub(super) fn is_held(&self, held: &Held) -> bool {
        let lease = |until: UnixMillis| until == held.until || !is_enabled(Safeguard::LeaseFence);
        matches!(self, StoredClaim::Held { token, until, .. } if *token == held.token && lease(*until))
    }
}

/// A decision as it is recorded on a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What was decided.
    pub decision: Decision,
    /// By whom.
    pub by: String,
    /// When.
    pub at: UnixMillis,
    /// Over which letter.
    pub letter: LetterId,
}

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) claim: StoredClaim,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) resolution: Option<Resolution>,
}

pub(super) type Items = BTreeMap<ClaimKey, Stored>;

/// What a conditional write did; a refusal shows the item that refused it.
pub(super) enum Write {
    Applied,
    Refused(Option<Stored>),
    /// It has not arrived yet.
    UnderWay,
}

/// What a write is meant to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// To take a claim.
    Claim,
    /// To complete, release or park one that is held.
    Settling,
    /// To withdraw a claim.
    Withdrawal,
}

/// One conditional write, with everything that its condition names.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Takes a free claim: there is no item, or a free one with an earlier lease.
    Put { held: Held, fingerprint: Option<Fingerprint> },
    /// Takes over the claim that was read, if it has not changed since.
    Take { held: Held, fingerprint: Option<Fingerprint>, looked_at: StoredClaim, taken_over: bool },
    /// Settles a held claim.
    Settle { held: Held, next: StoredClaim },
    /// Undoes a claim of the same token, whether it was applied or will be later.
    Withdraw { held: Held },
    /// How the earlier version takes a free claim: only if there is no item.
    EarlierPut { held: Held, fingerprint: Option<Fingerprint> },
    /// How the earlier version settles: by the token alone. `None` deletes, unless a decision must stay recorded.
    EarlierSettle { held: Held, next: Option<StoredClaim> },
}

impl Change {
    /// The claim, the token and the lease that it names.
    pub(super) fn sent_by(&self) -> (ClaimKey, OwnerToken, UnixMillis) {
        let held = match self {
            Change::Put { held, .. }
            | Change::Take { held, .. }
            | Change::Settle { held, .. }
            | Change::Withdraw { held }
            | Change::EarlierPut { held, .. }
            | Change::EarlierSettle { held, .. } => held,
        };
        (held.key.clone(), held.token, held.until)
    }

    pub(super) fn sent(&self) -> Sent {
        match self {
            Change::Put { .. } | Change::Take { .. } | Change::EarlierPut { .. } => Sent::Claim,
            Change::Settle { .. } | Change::EarlierSettle { .. } => Sent::Settling,
            Change::Withdraw { .. } => Sent::Withdrawal,
        }
    }
}

/// Applies a write if its condition holds.
pub(super) fn apply(change: &Change, items: &mut Items) -> Write {
    let (key, ..) = change.sent_by();
    let found = items.get(&key).cloned();
    let refused = || Write::Refused(found.clone());
    let fingerprint = found.as_ref().and_then(|found| found.fingerprint);
    let resolution = found.as_ref().and_then(|found| found.resolution.clone());
    let next = match change {
        Change::Put { held, fingerprint } => match &found {
            Some(found) if !is_free_before(found, held.until) => return refused(),
            Some(_) | None => Stored { claim: held_by(held, false), fingerprint: *fingerprint, resolution: None },
        },
        Change::EarlierPut { held, fingerprint } => match &found {
            Some(_) => return refused(),
            None => Stored { claim: held_by(held, false), fingerprint: *fingerprint, resolution: None },
        },
        Change::Take { held, fingerprint, looked_at, taken_over } => match &found {
            Some(found) if found.claim == *looked_at => {
                Stored { claim: held_by(held, *taken_over), fingerprint: *fingerprint, resolution }
            }
            Some(_) | None => return refused(),
        },
        Change::Settle { held, next } => match &found {
            Some(found) if found.claim.is_held(held) || !is_enabled(Safeguard::TokenCondition) => {
                Stored { claim: next.clone(), fingerprint, resolution }
            }
            Some(_) | None => return refused(),
        },
        Change::EarlierSettle { held, next } => match &found {
            Some(Stored { claim: StoredClaim::Held { token, .. }, .. }) if *token == held.token => {
                let free = resolution.is_some().then_some(StoredClaim::Free { token: held.token, until: None });
                match next.clone().or(free) {
                    Some(claim) => Stored { claim, fingerprint, resolution },
                    None => {
                        items.remove(&key);
                        return Write::Applied;
                    }
                }
            }
            Some(_) | None => return refused(),
        },
        Change::Withdraw { held } => {
            let ours = match found.as_ref().map(|found| &found.claim) {
                None => true,
                Some(StoredClaim::Held { token, taken_over, .. }) => *token == held.token && !taken_over,
                Some(StoredClaim::Free { until, .. }) => until.is_none_or(|until| until < held.until),
                Some(StoredClaim::Done { .. } | StoredClaim::Parked { .. }) => false,
            };
            if !ours {
                return refused();
            }
            let claim = StoredClaim::Free { token: held.token, until: Some(held.until) };
            Stored { claim, fingerprint, resolution }
        }
    };
    items.insert(key, next);
    Write::Applied
}

fn held_by(held: &Held, taken_over: bool) -> StoredClaim {
    StoredClaim::Held { token: held.token, until: held.until, taken_over }
}

/// Free, without a decision that must stay recorded, and with an earlier lease than this one.
fn is_free_before(found: &Stored, until: UnixMillis) -> bool {
    let earlier = |last: UnixMillis| last < until || !is_enabled(Safeguard::FreeFence);
    found.resolution.is_none() && matches!(found.claim, StoredClaim::Free { until: Some(last), .. } if earlier(last))
}
