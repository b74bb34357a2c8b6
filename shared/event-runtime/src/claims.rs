//! The port that lets an unconditional effect happen once: a claim per business key.
//!
//! A claim is *held* while its effect runs, then *done* or *parked*; a parked one is *free* again or *done* once an
//! operator has decided. Every write is fenced by the owner's token, so
//! that a worker which lost its lease can never undo what another one settled.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::clock::UnixMillis;
use crate::effect_id::{ClaimKey, EffectId};
use crate::letter::LetterId;
use crate::store::StoreError;

/// The fencing token: whoever wrote it last owns the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerToken(Uuid);

impl OwnerToken {
    /// A token nobody had before.
    pub fn fresh() -> Self {
        OwnerToken(Uuid::new_v4())
    }

    /// A chosen token, for deterministic tests.
    pub fn from_u128(value: u128) -> Self {
        OwnerToken(Uuid::from_u128(value))
    }
}

impl fmt::Display for OwnerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A claim that we own until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What is claimed.
    pub key: ClaimKey,
    /// Proof of ownership, in the condition of every later write.
    pub token: OwnerToken,
    /// When others may take it for abandoned.
    pub until: UnixMillis,
}

/// What trying to claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody had it: the effect is ours to run.
    Claimed(Held),
    /// The effect has happened.
    Done,
    /// The effect was given up; a person decides about its letter.
    Parked(Option<LetterId>),
    /// Done or parked for another effect: its fingerprint differs from ours.
    Conflict,
    /// Another worker is at it until then.
    HeldUntil(UnixMillis),
    /// Another worker let its lease run out without settling: the effect may have happened. The claim is ours now,
    /// to be parked (or, where the function says so, repeated).
    Uncertain(Held),
}

/// What settling a claim found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The write holds, now or by an earlier try whose answer was lost.
    Applied,
    /// The lease ran out and another worker owns the claim: our write changed nothing.
    NotOurs,
}

/// What an operator decides about a parked claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The effect did not happen, or may happen again: the claim is free, and the next delivery of its record, or its
    /// letter sent again, takes the effect.
    Repeat,
    /// The effect happened, or must not happen any more: the claim is done, and its record a duplicate from now on.
    Done,
}

impl Decision {
    /// The decision's name, as it is recorded.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Repeat => "repeat",
            Decision::Done => "done",
        }
    }
}

/// What an operator's decision met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It holds, now or by an earlier try of the same operator whose answer was lost.
    Applied,
    /// The claim is not parked: there is nothing to decide (never claimed, held, done, or decided by somebody else).
    NotParked,
    /// The claim is parked under another letter: look at that one.
    OtherLetter,
}

/// Claims, each fenced by its owner's token.
///
/// An implementation must hold the contract suite in `testing::claims_contract`.
pub trait Claims: Send + Sync {
    /// Takes the claim if nobody has it, or finds out who does. One conditional write; a lost race costs no read.
    /// Whoever holds a claim leaves its own fingerprint on it.
    fn claim<'a>(&'a self, effect: &'a EffectId, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// The effect happened: *held* becomes *done*.
    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Nothing happened: the claim is free again.
    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Given up: *held* becomes *parked*, under the letter that a person will read.
    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Ends a parked claim by an operator's decision. The letter that the operator has read stands in the write's
    /// condition: a claim that was parked anew meanwhile is left alone. The decision is recorded on the claim, with who
    /// took it (`by`) and when, and stays there whatever becomes of the claim.
    ///
    /// Only a person may call this: for a claim that is parked as uncertain, [`Decision::Repeat`] may repeat the effect.
    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        letter: &'a LetterId,
        decision: Decision,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>>;
}
