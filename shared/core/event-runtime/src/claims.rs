//! The port that lets an unconditional effect happen once: a claim per business key.
//!
//! A claim is *held* while its effect runs, then *done* or *parked*; it is *free* again when it is released, or when a
//! parked one may be repeated.
//!
//! # Why no write that arrives late does harm
//!
//! A write may be applied long after whoever sent it gave up waiting for its answer, even after later writes of the
//! same worker. Three things make that harmless. *The token* names one record in one invocation, at every try. *The
//! lease's end* (`until`) grows strictly each time that a claim is taken, by whomever, so that it numbers the takes of
//! a key. *What is free stays written down*, with the last `until`, because a number that is deleted no longer keeps
//! anything out. So each write names exactly what it may change:
//!
//! | write | changes only |
//! |---|---|
//! | take a free claim | nothing, or *free* with an earlier `until` |
//! | take over an abandoned one, or our own anew | *held* under exactly the token and `until` that we have seen |
//! | complete, release, park | *held* under our token and exactly our `until` |
//! | withdraw | *held* under our token, unless taken over; nothing, or *free* with an earlier `until` |
//! | resolve | *parked* under the letter (and token) that was decided about |
//!
//! | what happens | what comes of it |
//! |---|---|
//! | `claim` is applied and its answer lost; the next try claims | it finds its own token: takes the claim anew, with a later `until`, and runs the effect |
//! | `claim` of try 1 arrives after try 2 has claimed | refused: the claim is held, done or parked |
//! | … after try 2 has released | refused: *free* carries try 2's later `until` |
//! | … after the record was left pending | refused: it was withdrawn, which leaves *free* with a later `until` |
//! | `release` of try 1 arrives while the effect of try 2 runs | refused: try 2's `until` is later |
//! | `complete` or `park` arrives late | the record is over for this worker; it holds if nobody took over meanwhile |
//! | a take-over of an abandoned claim is applied late, and its own next try finds it | still uncertain: the claim says that it was taken over |
//! | two workers take over one abandoned claim | one: the other has seen another token |
//! | a worker is frozen past its lease and settles | refused, once another has taken over: another token |
//!
//! A withdrawal cannot see the lease that it ends, so it writes one of its own, counted from now. Under a clock that
//! stands still that may be a millisecond earlier. It does no harm: the next owner has another token, and a late
//! `claim` of the same try asks for no later lease than the one that was written.
//!
//! What is left: a `claim` that arrives after its record was left pending *and* could not be withdrawn (the table was
//! down throughout, or another worker held the claim just then and released it later). It looks as if its worker had
//! died, and is uncertain.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::clock::UnixMillis;
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::store_error::StoreError;

/// The fencing token: whoever wrote it last owns the claim. One for each record and invocation.
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

    /// The token that a store gave back; `None` where the text is none.
    pub fn from_stored(token: &str) -> Option<Self> {
        Uuid::try_parse(token).ok().map(OwnerToken)
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
    /// When others may take it for abandoned. Later than at any take of this key before, and in the condition of every
    /// later write too.
    pub until: UnixMillis,
    /// The same effect under its former name ([`EffectId::former`]), held with it. A store knows nothing of it and
    /// gives `None`.
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
    /// It is certain that it did not happen; or its function lets it be repeated ([`crate::WhenUncertain::Repeat`]), so
    /// that a repetition needs nobody's leave.
    Certain,
    /// It may have happened, or nobody can tell: a person decides.
    Uncertain,
}

/// A parked claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The letter that it is parked under.
    pub letter: Option<LetterId>,
    /// Who parked it: tells this park from a later one under the same letter.
    pub token: OwnerToken,
    /// Whether its effect may have happened.
    pub doubt: Doubt,
}

/// What trying to claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The effect is ours to run: nobody had it, or only earlier tries of ours.
    Claimed(Held),
    /// The effect has happened.
    Done,
    /// The effect was given up; its letter waits for a decision.
    Parked(Parked),
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
    /// Another worker owns the claim, or has settled it: our write changed nothing.
    NotOurs,
}

/// What is decided about a parked claim.
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

/// Who decides about a parked claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider<'a> {
    /// A person, by this name, who has found out what became of the effect.
    Person(&'a str),
    /// The redrive by itself. All that it has seen is a message in a queue, which is no evidence: its decision holds
    /// only for a claim that says itself that its effect did not happen ([`Doubt::Certain`]).
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

/// Which park a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParkedUnder<'a> {
    /// The letter that was read.
    pub letter: &'a LetterId,
    /// Who had parked the claim ([`Parked::token`]), where that was seen too: then a claim that was parked anew under
    /// the same letter is left alone.
    pub token: Option<OwnerToken>,
}

impl<'a> From<&'a LetterId> for ParkedUnder<'a> {
    fn from(letter: &'a LetterId) -> Self {
        ParkedUnder { letter, token: None }
    }
}

/// What a decision met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It holds, now or by an earlier try of the same decider whose answer was lost.
    Applied,
    /// The claim is not parked: there is nothing to decide (never claimed, held, done, or decided by somebody else).
    NotParked,
    /// The claim is parked under another letter, or was parked anew: look at that one.
    OtherPark,
    /// Nobody has decided, and the effect may have happened: it takes a person.
    Uncertain,
}

/// Claims, each fenced by its owner's token and its lease's end.
///
/// An implementation must hold the contract suite in `testing::claims_contract`.
pub trait Claims: Send + Sync {
    /// The longest claim key that the store takes, in bytes. The processor sends the record of a longer key to the dead
    /// letters (`key_missing`) without asking the store. No limit unless the adapter states one.
    fn max_key_bytes(&self) -> usize {
        usize::MAX
    }

    /// Takes the claim if nobody has it, or finds out who does. One conditional write as a rule; a lost race costs no
    /// read. Whoever holds a claim leaves its own fingerprint on it.
    ///
    /// `token` is the same at each try of a record in one invocation, and no other record's: a claim that is held under
    /// it already, by a try that never got its answer, is taken anew.
    ///
    /// # Errors
    /// When the table cannot be asked, or the claim is not one that this version reads. The claim may have been taken:
    /// try again, or [`withdraw`](Claims::withdraw).
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

    /// Takes back a claim of which nobody knows whether it was taken, because its answer never came; its effect never
    /// began. What is still on its way changes nothing any more. `lease` is what was claimed for.
    ///
    /// A claim that `token` took over from a worker that had abandoned it stays: that worker's effect may have
    /// happened.
    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Given up: *held* becomes *parked*, under the letter that a person will read. `doubt` says whether the effect may
    /// have happened; it stays with the claim, as the only evidence that a decision without a person goes by.
    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>>;

    /// Ends a parked claim by a decision. What the decision is about stands in the write's condition: a claim that was
    /// parked otherwise meanwhile is left alone. The decision is recorded on the claim, with who took it and when, and
    /// stays there whatever becomes of the claim.
    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>>;
}
