//! The claims port: lets an effect without a condition of its own happen once, by one claim for each business key.
//!
//! A claim is *held* while its effect runs, then *done* or *parked*. It is *free* again when it is released, or when it
//! is decided that a parked one may be repeated.
//!
//! # Why late writes do no harm
//!
//! A write may be applied long after its sender stopped waiting for the answer, even after later writes of the same
//! worker. Three things make that harmless. *The token* identifies one record in one invocation and is the same at each
//! attempt. *The lease's end* (`until`) grows each time that any worker takes the claim, so it numbers the takes of a
//! key. *A free claim keeps its item*, with the last `until`, because a deleted number could not refuse older writes.
//! So the condition of each write names exactly what it may change:
//!
//! | write | changes only |
//! |---|---|
//! | take a free claim | nothing, or *free* with an earlier `until` |
//! | take over an abandoned claim, or take our own again | *held* under exactly the token and `until` that we read |
//! | complete, release, park | *held* under our token and exactly our `until` |
//! | withdraw | *held* under our token, unless taken over; nothing, or *free* with an earlier `until` |
//! | resolve | *parked* under the letter (and token) that the decision is about |
//!
//! | what happens | what follows |
//! |---|---|
//! | `claim` is applied and its answer lost; the next attempt claims | it finds its own token, takes the claim again with a later `until`, and runs the effect |
//! | `claim` of attempt 1 arrives after attempt 2 has claimed | refused: the claim is held, done or parked |
//! | … after attempt 2 has released | refused: *free* has attempt 2's later `until` |
//! | … after the record was left pending | refused: the claim was withdrawn, which leaves *free* with a later `until` |
//! | `release` of attempt 1 arrives while the effect of attempt 2 runs | refused: attempt 2's `until` is later |
//! | `complete` or `park` arrives late | this worker does nothing more with the record; the write is applied if no other worker took over meanwhile |
//! | a take-over of an abandoned claim is applied late, and the same worker's next attempt finds it | still uncertain: the item records that it was taken over |
//! | two workers take over one abandoned claim | one succeeds: the other's condition names a token that is no longer stored |
//! | a worker is frozen past its lease and settles | refused once another worker has taken over: the token differs |
//!
//! A withdrawal does not know the lease that it ends, so it writes its own, counted from now. If the clock stands
//! still, that may be a millisecond earlier. This does no harm: the next owner has another token, and a late `claim` of
//! the same attempt does not ask for a later lease than the one that was written.
//!
//! One case remains: a `claim` that is applied after its record was left pending *and* the withdrawal failed (the table
//! was down all the time, or another worker held the claim at that moment and released it later). It looks as if its
//! worker had died, and counts as uncertain.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::clock::UnixMillis;
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::store_error::StoreError;

/// The fencing token: the worker that wrote it last owns the claim. One for each record and invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerToken(Uuid);

impl OwnerToken {
    /// A new token.
    pub fn fresh() -> Self {
        OwnerToken(Uuid::new_v4())
    }

    /// A chosen token, for deterministic tests.
    pub fn from_u128(value: u128) -> Self {
        OwnerToken(Uuid::from_u128(value))
    }

    /// Parses a stored token; `None` where the text is not one.
    pub fn from_stored(token: &str) -> Option<Self> {
        Uuid::try_parse(token).ok().map(OwnerToken)
    }
}

impl fmt::Display for OwnerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A claim that this worker holds until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What is claimed.
    pub key: ClaimKey,
    /// Proof of ownership: part of the condition of every later write.
    pub token: OwnerToken,
    /// When others may treat it as abandoned. Later than at any earlier take of this key, and part of the condition of
    /// every later write too.
    pub until: UnixMillis,
    /// The same effect under its former name ([`EffectId::former`]), held with it. Stores do not set it: they return
    /// `None`.
    pub former: Option<Box<Held>>,
}

impl Held {
    pub(crate) fn with_former(self, former: Held) -> Self {
        Held { former: Some(Box::new(former)), ..self }
    }
}

/// Whether the effect of a claim that is given up may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// It is certain that it did not happen; or the function allows uncertain effects to be repeated
    /// ([`crate::WhenUncertain::Repeat`]), so no decision is needed.
    Certain,
    /// It may have happened: a person decides.
    Uncertain,
}

/// A parked claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The letter that it is parked under.
    pub letter: Option<LetterId>,
    /// Who parked it: distinguishes this park from a later one under the same letter.
    pub token: OwnerToken,
    /// Whether its effect may have happened.
    pub doubt: Doubt,
}

/// The result of claiming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This worker runs the effect: the claim was free, or held by its own earlier attempt.
    Claimed(Held),
    /// The effect has happened.
    Done,
    /// The effect was given up, and its letter is in the queue.
    Parked(Parked),
    /// Done or parked for another effect: its fingerprint differs from this one's.
    Conflict,
    /// Another worker holds it until then.
    HeldUntil(UnixMillis),
    /// Another worker's lease ended without settling: the effect may have happened. This worker holds the claim now, to
    /// park it or, if the function allows it, to repeat the effect.
    Uncertain(Held),
}

/// The result of settling a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The write is applied, now or by an earlier attempt whose answer was lost.
    Applied,
    /// Another worker owns the claim, or has settled it: our write changed nothing.
    NotOurs,
}

/// A decision about a parked claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The effect did not happen, or may happen again: the claim becomes free, and the next delivery or redrive of its
    /// record runs the effect.
    Repeat,
    /// The effect happened, or must not happen any more: the claim becomes done, and its record is a duplicate from now
    /// on.
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

/// Who decides about a parked claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider<'a> {
    /// A person with this name, who has found out whether the effect happened.
    Person(&'a str),
    /// The redrive itself. It has only read a message in a queue, which proves nothing: its decision applies only to a
    /// claim that itself records that its effect did not happen ([`Doubt::Certain`]).
    Redrive,
}

impl<'a> Decider<'a> {
    /// The name that is recorded.
    pub fn name(self) -> &'a str {
        match self {
            Decider::Person(name) => name,
            Decider::Redrive => "redrive",
        }
    }
}

/// The park that a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedUnder<'a> {
    /// The letter that the decider read.
    pub letter: &'a LetterId,
    /// Who had parked the claim ([`Parked::token`]), if the decider read that too: then a claim that was parked again
    /// under the same letter is not changed.
    pub token: Option<OwnerToken>,
}

impl<'a> From<&'a LetterId> for ParkedUnder<'a> {
    fn from(letter: &'a LetterId) -> Self {
        ParkedUnder { letter, token: None }
    }
}

/// The result of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It is applied, now or by an earlier attempt of the same decider whose answer was lost.
    Applied,
    /// The claim is not parked, so there is nothing to decide: it was never claimed, or is held, done, or decided by
    /// somebody else.
    NotParked,
    /// The claim is parked under another letter, or was parked again: read that letter.
    OtherPark,
    /// The effect may have happened and no person has decided: a person must.
    Uncertain,
}

/// The port of a store of claims, each fenced by its owner's token and its lease's end.
///
/// An implementation must pass the contract suite `testing::claims_contract`.
pub trait Claims: Send + Sync {
    /// The longest claim key that the store takes, in bytes. The processor sends the record of a longer key to the dead
    /// letters (`key_missing`) without asking the store. No limit unless the adapter states one.
    fn max_key_bytes(&self) -> usize {
        usize::MAX
    }

    /// Takes the claim if it is free, or finds out who has it. Usually one conditional write; a refused write needs no
    /// read. The holder's fingerprint is stored with the claim.
    ///
    /// `token` is the same at each attempt of one record in one invocation, and is never used for another record: a
    /// claim that it already holds, by an attempt that got no answer, is taken again.
    ///
    /// # Errors
    /// When the table does not answer, or this version cannot read the stored claim. The claim may have been taken: try
    /// again, or [`withdraw`](Claims::withdraw).
    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>>;

    /// The effect happened: *held* becomes *done*.
    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Nothing happened: the claim is free again.
    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Takes back a claim that may have been taken, because the answer never came; its effect never began. A write of
    /// this claim that is still in progress changes nothing afterwards. `lease` is the lease of that claim.
    ///
    /// A claim that `token` took over from a worker that had abandoned it stays as it is: that worker's effect may have
    /// happened.
    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// The record is given up: *held* becomes *parked*, under its letter. `doubt` records whether the effect may have
    /// happened; it stays with the claim, as the only evidence on which a claim is freed without a person.
    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Ends a parked claim by a decision. The write's condition names the park that the decision is about: a claim that
    /// was parked differently in the meantime is not changed. The decision is recorded on the claim, with who took it
    /// and when, and stays there.
    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>>;
}
