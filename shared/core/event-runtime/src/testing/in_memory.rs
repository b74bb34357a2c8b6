//! A clock that tests move, faults that tests inject, and dead letters in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::clock::{Clock, UnixMillis};
use crate::dead_letter::{DeadLetter, DeadLetters, LetterId};
use crate::store_error::StoreError;

/// A clock that only the test moves.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<UnixMillis>>);

impl ManualClock {
    /// A clock that shows `now`.
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

/// A fault of a write to a store in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFault {
    /// It is not applied, and an error comes back.
    NotApplied,
    /// It is not applied, and an error comes back that asks for a pause.
    Throttled(Duration),
    /// It is applied, but its answer is lost: an error comes back.
    AnswerLost,
    /// It is applied, its answer is lost, and the client itself sends the same write again, as AWS clients do.
    SentTwice,
    /// An error comes back before it is applied; it is applied later, when the test calls [`MemoryClaims::land`].
    ///
    /// [`MemoryClaims::land`]: super::MemoryClaims::land
    Late,
    /// The same for the second write of an operation that makes two: a claim that is taken over.
    SecondLate,
}

pub(super) type Faults = Arc<Mutex<VecDeque<(&'static str, WriteFault)>>>;

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

    /// Makes storing the next letter fail in this way.
    pub fn fault_next(&self, fault: WriteFault) {
        lock(&self.faults).push_back((STORE, fault));
    }

    /// Removes a letter, as a successful redrive does.
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

pub(super) const CLAIMS_TABLE: &str = "claims table";
const DEAD_LETTER_QUEUE: &str = "dead-letter queue";
const STORE: &str = "store a letter";

pub(super) fn take_fault(faults: &Faults, operation: &'static str) -> Option<WriteFault> {
    let mut faults = lock(faults);
    let at = faults.iter().position(|(next, _)| *next == operation)?;
    faults.remove(at).map(|(_, fault)| fault)
}

/// The error of a write that must not be applied.
pub(super) fn refusal(
    store: &'static str,
    operation: &'static str,
    fault: Option<WriteFault>,
) -> Result<(), StoreError> {
    match fault {
        Some(WriteFault::NotApplied) => Err(unavailable(store, operation, None)),
        Some(WriteFault::Throttled(pause)) => Err(unavailable(store, operation, Some(pause))),
        Some(WriteFault::AnswerLost | WriteFault::SentTwice | WriteFault::Late | WriteFault::SecondLate) | None => {
            Ok(())
        }
    }
}

/// The error of a write that was applied.
pub(super) fn answer(
    store: &'static str,
    operation: &'static str,
    fault: Option<WriteFault>,
) -> Result<(), StoreError> {
    match fault {
        Some(WriteFault::AnswerLost | WriteFault::Late | WriteFault::SecondLate) => {
            Err(unavailable(store, operation, None))
        }
        Some(WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::SentTwice) | None => Ok(()),
    }
}

pub(super) fn unavailable(store: &'static str, operation: &'static str, retry_after: Option<Duration>) -> StoreError {
    let code = if store == CLAIMS_TABLE { "claims_unavailable" } else { "dead_letters_unavailable" };
    StoreError { store, operation, code, retry_after, cause: "a test asked for this failure".into() }
}

/// A test that panicked elsewhere must not hide behind a poisoned lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
