//! The ports in memory, with the faults that a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::claims::{Claim, ClaimKey, Claims, Held, OwnerToken, Settled};
use crate::clock::{Clock, UnixMillis};
use crate::letter::{DeadLetter, DeadLetters, LetterId};
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

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Held { token: OwnerToken, until: UnixMillis },
    Done { token: OwnerToken },
    Parked { token: OwnerToken, letter: LetterId },
}

/// [`Claims`] in memory.
#[derive(Clone)]
pub struct MemoryClaims {
    clock: Arc<dyn Clock>,
    items: Arc<Mutex<BTreeMap<ClaimKey, State>>>,
    failures: Arc<Mutex<VecDeque<&'static str>>>,
}

impl MemoryClaims {
    /// An empty store that reads `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        MemoryClaims { clock, items: Arc::default(), failures: Arc::default() }
    }

    /// The same store as a worker with another clock sees it.
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        MemoryClaims { clock, ..self.clone() }
    }

    /// Makes the next call of `operation` (`claim`, `complete`, `release`, `park`) fail without effect.
    pub fn fail_next(&self, operation: &'static str) {
        lock(&self.failures).push_back(operation);
    }

    fn failure(&self, operation: &'static str) -> Result<(), StoreError> {
        let mut failures = lock(&self.failures);
        match failures.iter().position(|next| *next == operation) {
            None => Ok(()),
            Some(at) => {
                failures.remove(at);
                Err(unavailable("claims table", operation))
            }
        }
    }

    fn settle(&self, operation: &'static str, held: &Held, next: Option<State>) -> Result<Settled, StoreError> {
        self.failure(operation)?;
        let mut items = lock(&self.items);
        let ours = match items.get(&held.key) {
            Some(State::Held { token, .. }) => *token == held.token,
            Some(current) => {
                return Ok(if Some(current) == next.as_ref() { Settled::Applied } else { Settled::NotOurs });
            }
            None => return Ok(if next.is_none() { Settled::Applied } else { Settled::NotOurs }),
        };
        if !ours {
            return Ok(Settled::NotOurs);
        }
        match next {
            Some(state) => items.insert(held.key.clone(), state),
            None => items.remove(&held.key),
        };
        Ok(Settled::Applied)
    }
}

impl Claims for MemoryClaims {
    fn claim<'a>(&'a self, key: &'a ClaimKey, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>> {
        async move {
            self.failure("claim")?;
            let now = self.clock.now();
            let held = Held { key: key.clone(), token: OwnerToken::fresh(), until: now.plus(lease) };
            let mut items = lock(&self.items);
            let claim = match items.get(key) {
                None => Claim::Claimed(held.clone()),
                Some(State::Done { .. }) => return Ok(Claim::Done),
                Some(State::Parked { letter, .. }) => return Ok(Claim::Parked(Some(letter.clone()))),
                Some(State::Held { until, .. }) if *until > now => return Ok(Claim::HeldUntil(*until)),
                Some(State::Held { .. }) => Claim::Uncertain(held.clone()),
            };
            items.insert(key.clone(), State::Held { token: held.token, until: held.until });
            Ok(claim)
        }
        .boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.settle("complete", held, Some(State::Done { token: held.token })) }.boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        async move { self.settle("release", held, None) }.boxed()
    }

    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let parked = State::Parked { token: held.token, letter: letter.clone() };
        async move { self.settle("park", held, Some(parked)) }.boxed()
    }
}

/// [`DeadLetters`] in memory: one letter per id.
#[derive(Clone, Default)]
pub struct MemoryDeadLetters {
    letters: Arc<Mutex<BTreeMap<LetterId, DeadLetter>>>,
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
}

impl DeadLetters for MemoryDeadLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            if *lock(&self.down) {
                return Err(unavailable("dead-letter queue", "store a letter"));
            }
            lock(&self.letters).entry(letter.id.clone()).or_insert_with(|| letter.clone());
            Ok(())
        }
        .boxed()
    }
}

fn unavailable(store: &'static str, operation: &'static str) -> StoreError {
    let code = if store == "claims table" { "claims_unavailable" } else { "dead_letters_unavailable" };
    StoreError { store, operation, code, retry_after: None, cause: "a test asked for this failure".into() }
}

/// A test that panicked elsewhere must not hide behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
