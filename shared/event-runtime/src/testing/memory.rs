//! The ports in memory, with the faults that a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::claims::{Claim, Claims, Decision, Held, OwnerToken, Resolved, Settled};
use crate::clock::{Clock, UnixMillis};
use crate::effect_id::{ClaimKey, EffectId, Fingerprint};
use crate::letter::{DeadLetter, DeadLetters, LetterId};
use crate::safeguards::{Safeguard, stands};
use crate::store::StoreError;

/// A clock that moves when told.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<UnixMillis>>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: UnixMillis) -> Self {
        ManualClock(Arc::new(Mutex::new(now)))
    }

    /// Moves it.
    pub fn advance(&self, by: Duration) {
        let mut now = lock(&self.0);
        *now = now.plus(by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        *lock(&self.0)
    }
}

/// How a write to a store in memory goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// It does not arrive: nothing changes, an error comes back.
    NotApplied,
    /// It is refused with the wish for a pause: nothing changes, an error comes back.
    Throttled(Duration),
    /// It is applied, but its answer is lost: an error comes back.
    AnswerLost,
    /// It is applied, its answer is lost, and the client sends the same write again by itself, as AWS's do.
    SentTwice,
}

type Faults = Arc<Mutex<VecDeque<(&'static str, WriteFault)>>>;

/// A claim as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredClaim {
    /// Its effect runs, or ran until its worker died.
    Held {
        /// Whose it is.
        token: OwnerToken,
        /// The end of the lease.
        until: UnixMillis,
    },
    /// Its effect happened.
    Done {
        /// Who said so.
        token: OwnerToken,
    },
    /// It was given up.
    Parked {
        /// Who gave it up.
        token: OwnerToken,
        /// Under which letter.
        letter: LetterId,
    },
    /// An operator allowed its effect to be repeated.
    Free {
        /// Who had given it up, or released it since.
        token: OwnerToken,
    },
}

impl StoredClaim {
    /// Whose write this was.
    pub fn token(&self) -> OwnerToken {
        match self {
            StoredClaim::Held { token, .. }
            | StoredClaim::Done { token }
            | StoredClaim::Parked { token, .. }
            | StoredClaim::Free { token } => *token,
        }
    }
}

/// An operator's decision as it is recorded on a claim.
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
struct Item {
    claim: StoredClaim,
    fingerprint: Option<Fingerprint>,
    resolution: Option<Resolution>,
}

/// What a conditional write did; a refusal shows the item that refused it.
enum Write {
    Applied,
    Refused(Option<Item>),
}

/// [`Claims`] in memory, write for write as the DynamoDB adapter makes them.
#[derive(Clone)]
pub struct MemoryClaims {
    clock: Arc<dyn Clock>,
    items: Arc<Mutex<BTreeMap<ClaimKey, Item>>>,
    faults: Faults,
    writes: Arc<AtomicUsize>,
}

impl MemoryClaims {
    /// An empty store that reads `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        MemoryClaims { clock, items: Arc::default(), faults: Arc::default(), writes: Arc::default() }
    }

    /// The same store as a worker with another clock sees it.
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        MemoryClaims { clock, ..self.clone() }
    }

    /// Makes the next call of `operation` (`claim`, `complete`, `release`, `park`, `resolve`) fail without effect.
    pub fn fail_next(&self, operation: &'static str) {
        self.fault_next(operation, WriteFault::NotApplied);
    }

    /// Makes the next call of `operation` go wrong in this way.
    pub fn fault_next(&self, operation: &'static str, fault: WriteFault) {
        lock(&self.faults).push_back((operation, fault));
    }

    /// What is stored under a key.
    pub fn stored(&self, key: &str) -> Option<StoredClaim> {
        lock(&self.items).iter().find(|(stored, _)| stored.as_str() == key).map(|(_, item)| item.claim.clone())
    }

    /// The latest decision of an operator about a claim.
    pub fn resolution(&self, key: &ClaimKey) -> Option<Resolution> {
        lock(&self.items).get(key)?.resolution.clone()
    }

    /// Conditional writes that reached the store, refused ones included: DynamoDB bills both.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    fn take(&self, effect: &EffectId, held: Held, fault: Option<WriteFault>) -> Claim {
        let now = self.clock.now();
        let found = match self.send(fault, || self.put_held(&held, effect.fingerprint)) {
            Write::Applied => return Claim::Claimed(held),
            // An item was in the way; a store without races shows it.
            Write::Refused(None) => return Claim::HeldUntil(now),
            Write::Refused(Some(found)) => found,
        };
        let take_over = || self.send(fault, || self.take_over(&held, effect.fingerprint, &found.claim));
        let ours = |found: &Item| found.claim.token() == held.token && stands(Safeguard::OwnToken);
        match found.claim {
            StoredClaim::Held { until, .. } if ours(&found) => Claim::Claimed(Held { until, ..held }),
            StoredClaim::Held { until, .. } if until > now && stands(Safeguard::LiveLease) => Claim::HeldUntil(until),
            StoredClaim::Held { .. } | StoredClaim::Free { .. } => {
                let taken = match take_over() {
                    Write::Applied => true,
                    Write::Refused(now) => now.is_some_and(|now| ours(&now)),
                };
                match found.claim {
                    _ if !taken => Claim::HeldUntil(held.until),
                    StoredClaim::Free { .. } => Claim::Claimed(held),
                    StoredClaim::Held { .. } | StoredClaim::Done { .. } | StoredClaim::Parked { .. } => {
                        Claim::Uncertain(held)
                    }
                }
            }
            StoredClaim::Done { .. } | StoredClaim::Parked { .. } if effect.conflicts_with(found.fingerprint) => {
                Claim::Conflict
            }
            StoredClaim::Done { .. } => Claim::Done,
            StoredClaim::Parked { letter, .. } => Claim::Parked(Some(letter)),
        }
    }

    /// Sends a write, twice where the client does, and gives the answer that arrives.
    fn send(&self, fault: Option<WriteFault>, write: impl Fn() -> Write) -> Write {
        if fault == Some(WriteFault::SentTwice) {
            self.writes.fetch_add(1, Ordering::Relaxed);
            write();
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        write()
    }

    fn put_held(&self, held: &Held, fingerprint: Option<Fingerprint>) -> Write {
        let mut items = lock(&self.items);
        match items.get(&held.key) {
            Some(found) => Write::Refused(Some(found.clone())),
            None => {
                let claim = StoredClaim::Held { token: held.token, until: held.until };
                items.insert(held.key.clone(), Item { claim, fingerprint, resolution: None });
                Write::Applied
            }
        }
    }

    /// Makes an abandoned or a free claim ours, if nobody has stirred since we looked.
    fn take_over(&self, held: &Held, fingerprint: Option<Fingerprint>, looked_at: &StoredClaim) -> Write {
        let mut items = lock(&self.items);
        match items.get_mut(&held.key) {
            Some(item) if item.claim == *looked_at => {
                item.claim = StoredClaim::Held { token: held.token, until: held.until };
                item.fingerprint = fingerprint;
                Write::Applied
            }
            found => Write::Refused(found.cloned()),
        }
    }

    /// Held by us becomes `next`; nothing, where it is released and no operator's decision must stay on record.
    fn settle(&self, operation: &'static str, held: &Held, next: Option<StoredClaim>) -> Result<Settled, StoreError> {
        let fault = take_fault(&self.faults, operation);
        refusal(CLAIMS_TABLE, operation, fault)?;
        let written = self.send(fault, || self.settle_once(held, next.as_ref()));
        answer(CLAIMS_TABLE, operation, fault)?;
        // Settled by this very token, or gone: by an earlier try of ours whose answer was lost.
        let settled_before = |found: Option<&Item>| match (&next, found.map(|found| &found.claim)) {
            (None, None) => true,
            (None, Some(StoredClaim::Free { token })) => *token == held.token,
            (next, found) => next.as_ref() == found,
        };
        Ok(match written {
            Write::Applied => Settled::Applied,
            Write::Refused(found) if settled_before(found.as_ref()) && stands(Safeguard::OwnToken) => Settled::Applied,
            Write::Refused(_) => Settled::NotOurs,
        })
    }

    fn settle_once(&self, held: &Held, next: Option<&StoredClaim>) -> Write {
        let mut items = lock(&self.items);
        let found = items.get(&held.key);
        let ours =
            found.is_some_and(|found| matches!(found.claim, StoredClaim::Held { token, .. } if token == held.token));
        if !ours && stands(Safeguard::TokenCondition) {
            return Write::Refused(found.cloned());
        }
        let (fingerprint, resolution) =
            found.map_or((None, None), |found| (found.fingerprint, found.resolution.clone()));
        match next.cloned().or(resolution.is_some().then_some(StoredClaim::Free { token: held.token })) {
            Some(claim) => items.insert(held.key.clone(), Item { claim, fingerprint, resolution }),
            None => items.remove(&held.key),
        };
        Write::Applied
    }

    fn decide(&self, key: &ClaimKey, decided: &Resolution) -> Resolved {
        let mut items = lock(&self.items);
        let Some(item) = items.get_mut(key) else { return Resolved::NotParked };
        match &item.claim {
            StoredClaim::Parked { letter, .. } if *letter != decided.letter && stands(Safeguard::LetterFence) => {
                return Resolved::OtherLetter;
            }
            StoredClaim::Parked { .. } => {}
            StoredClaim::Held { .. } | StoredClaim::Done { .. } | StoredClaim::Free { .. } => {
                let same = |before: &Resolution| Resolution { at: decided.at, ..before.clone() } == *decided;
                return match item.resolution.as_ref().is_some_and(same) {
                    true => Resolved::Applied,
                    false => Resolved::NotParked,
                };
            }
        }
        let token = item.claim.token();
        item.claim = match decided.decision {
            Decision::Repeat => StoredClaim::Free { token },
            Decision::Done => StoredClaim::Done { token },
        };
        item.resolution = Some(decided.clone());
        Resolved::Applied
    }
}

impl Claims for MemoryClaims {
    fn claim<'a>(&'a self, effect: &'a EffectId, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            let fault = take_fault(&self.faults, "claim");
            refusal(CLAIMS_TABLE, "claim", fault)?;
            let until = self.clock.now().plus(lease);
            let held = Held { key: effect.key.clone(), token: OwnerToken::fresh(), until };
            let claim = self.take(effect, held, fault);
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

    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let parked = StoredClaim::Parked { token: held.token, letter: letter.clone() };
        async move { self.settle("park", held, Some(parked)) }.boxed()
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        letter: &'a LetterId,
        decision: Decision,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        async move {
            let fault = take_fault(&self.faults, "resolve");
            refusal(CLAIMS_TABLE, "resolve", fault)?;
            self.writes.fetch_add(1, Ordering::Relaxed);
            let (by, at) = (by.to_owned(), self.clock.now());
            let resolved = self.decide(key, &Resolution { decision, by, at, letter: letter.clone() });
            answer(CLAIMS_TABLE, "resolve", fault)?;
            Ok(resolved)
        }
        .boxed()
    }
}

/// [`DeadLetters`] in memory: one letter per id.
#[derive(Clone, Default)]
pub struct MemoryDeadLetters {
    letters: Arc<Mutex<BTreeMap<LetterId, DeadLetter>>>,
    faults: Faults,
    down: Arc<Mutex<bool>>,
}

impl MemoryDeadLetters {
    /// All letters, by id.
    pub fn letters(&self) -> Vec<DeadLetter> {
        lock(&self.letters).values().cloned().collect()
    }

    /// Whether storing fails from now on.
    pub fn set_down(&self, down: bool) {
        *lock(&self.down) = down;
    }

    /// Makes the next letter's storing go wrong in this way.
    pub fn fault_next(&self, fault: WriteFault) {
        lock(&self.faults).push_back((STORE, fault));
    }

    /// Takes a letter out, as a redrive that succeeded does.
    pub fn delete(&self, id: &LetterId) -> Option<DeadLetter> {
        lock(&self.letters).remove(id)
    }
}

impl DeadLetters for MemoryDeadLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let down = lock(&self.down).then_some(WriteFault::NotApplied);
            let fault = down.or_else(|| take_fault(&self.faults, STORE));
            refusal(DEAD_LETTER_QUEUE, STORE, fault)?;
            lock(&self.letters).entry(letter.id.clone()).or_insert_with(|| letter.clone());
            answer(DEAD_LETTER_QUEUE, STORE, fault)
        }
        .boxed()
    }
}

const CLAIMS_TABLE: &str = "claims table";
const DEAD_LETTER_QUEUE: &str = "dead-letter queue";
const STORE: &str = "store a letter";

fn take_fault(faults: &Faults, operation: &'static str) -> Option<WriteFault> {
    let mut faults = lock(faults);
    let at = faults.iter().position(|(next, _)| *next == operation)?;
    faults.remove(at).map(|(_, fault)| fault)
}

/// The error of a write that must not be applied.
fn refusal(store: &'static str, operation: &'static str, fault: Option<WriteFault>) -> Result<(), StoreError> {
    match fault {
        Some(WriteFault::NotApplied) => Err(unavailable(store, operation, None)),
        Some(WriteFault::Throttled(pause)) => Err(unavailable(store, operation, Some(pause))),
        Some(WriteFault::AnswerLost | WriteFault::SentTwice) | None => Ok(()),
    }
}

/// The error of a write that was applied.
fn answer(store: &'static str, operation: &'static str, fault: Option<WriteFault>) -> Result<(), StoreError> {
    match fault {
        Some(WriteFault::AnswerLost) => Err(unavailable(store, operation, None)),
        Some(WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::SentTwice) | None => Ok(()),
    }
}

fn unavailable(store: &'static str, operation: &'static str, retry_after: Option<Duration>) -> StoreError {
    let code = if store == CLAIMS_TABLE { "claims_unavailable" } else { "dead_letters_unavailable" };
    StoreError { store, operation, code, retry_after, cause: "a test asked for this failure".into() }
}

/// A test that panicked elsewhere must not hide behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
