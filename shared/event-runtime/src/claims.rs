//! The port that lets an unconditional effect happen once: a claim per business key.
//!
//! A claim is *held* while its effect runs, then *done* or *parked*. Every write is fenced by the owner's token, so
//! that a worker which lost its lease can never undo what another one settled.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::clock::UnixMillis;
use crate::failure::{Disposition, Failure};
use crate::letter::LetterId;
use crate::store::StoreError;

/// What an effect is claimed by: the *business* key (`welcome:<account id>`), not the offset, so that a replay, a
/// re-snapshot or a second topic cannot repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimKey(String);

/// A DynamoDB partition key holds at most 2048 bytes.
const MAX_KEY_BYTES: usize = 2048;

impl ClaimKey {
    /// A key from what the function knows its effect by.
    ///
    /// # Errors
    /// [`MissingKey`] when `id` is empty or the key longer than 2048 bytes: never "no key, no protection".
    pub fn new(scope: &str, id: &str) -> Result<Self, MissingKey> {
        if id.is_empty() || scope.len() + 1 + id.len() > MAX_KEY_BYTES {
            return Err(MissingKey { bytes: id.len() });
        }
        Ok(ClaimKey(format!("{scope}:{id}")))
    }

    /// The key as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The record gives nothing to claim its effect by.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record has no usable key: its id has {bytes} bytes, 1 to 2000 are needed; without a key the effect cannot be guarded"
)]
pub struct MissingKey {
    bytes: usize,
}

impl Failure for MissingKey {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "key_missing"
    }
    fn blame(&self) -> crate::Blame {
        crate::Blame::Record
    }
}

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

/// Claims, each fenced by its owner's token.
///
/// An implementation must hold the contract suite in [`crate::testing::claims_contract`].
pub trait Claims: Send + Sync {
    /// Takes the claim if nobody has it, or finds out who does. One conditional write; a lost race costs no read.
    fn claim<'a>(&'a self, key: &'a ClaimKey, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// The effect happened: *held* becomes *done*.
    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Nothing happened: the claim is free again.
    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Given up: *held* becomes *parked*, under the letter that a person will read.
    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>>;
}
