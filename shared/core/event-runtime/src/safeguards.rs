//! The safeguards that the promises stand on, by name, so that a test can take one away and see the simulation notice.
//!
//! In this crate all of them stand, always: `stands` is a constant and costs nothing. Only the package
//! `tests/mutations` compiles these sources a second time, as a crate of its own with a feature `mutations`, in which a
//! safeguard can be removed. This crate has no such feature, so no build that reaches a function can turn it on.

/// A safeguard, named by what it sees to.
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, reason = "tests/mutations names safeguards"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safeguard {
    /// Claims: a settling write changes only an item that its owner's token still holds.
    TokenCondition,
    /// Claims: a settling write ends only the lease that it was meant for, not a later one of the same token.
    LeaseFence,
    /// Claims: a claim that arrives after a later one was released, or after it was withdrawn, takes nothing.
    FreeFence,
    /// Claims: what was taken over from a worker that had abandoned it stays uncertain, whenever it is found again.
    TakenOver,
    /// Processor and claims: a claim whose effect may have happened says so itself, by its doubt and by the name that
    /// it is parked under, and no decision but a person's frees it.
    CertainOnly,
    /// Processor: a record claims under one token at all tries of an invocation.
    OneToken,
    /// Processor: a claim whose answer never came is withdrawn when its record is left.
    Withdrawn,
    /// Claims: a refused write that shows our own token is our own write, whose answer was lost.
    OwnToken,
    /// Claims: a lease that has not run out keeps others away.
    LiveLease,
    /// Processor: after a thaw, an effect starts only if it can end within its lease.
    LeaseRecheck,
    /// Processor: the first record that stays pending holds back everything behind it.
    Order,
    /// Processor: a record counts as parked only when its letter is stored.
    LetterFirst,
    /// Processor: an effect starts only if it fits what is left of the invocation.
    Deadline,
    /// Processor: the deadline is looked at again once the claim is there, which may have taken its time.
    DeadlineRecheck,
    /// Processor: a pause is taken only if an effect still fits behind it.
    PauseFits,
    /// Processor: without a switch, whatever is pending fails the invocation.
    WholeBatchByDefault,
    /// Claims: an operator's decision changes only a claim that is parked under the letter that was read.
    LetterFence,
    /// Processor: an effect that may have happened is not tried again where it is to be parked.
    UncertainIsParked,
    /// Processor: a record that was sent again is not parked anew.
    LettersStay,
    /// Processor: a topic-partition stops that parks record after record with one code of the deployment's.
    FloodStops,
    /// Processor: a record clears the letters' codes of the stages that it has passed, and of no later one.
    FloodByStage,
}

/// Whether a safeguard stands.
#[cfg(not(feature = "mutations"))]
pub(crate) const fn is_enabled(_safeguard: Safeguard) -> bool {
    true
}

#[cfg(feature = "mutations")]
pub(crate) use removable::is_enabled;
#[cfg(feature = "mutations")]
pub use removable::without;

#[cfg(feature = "mutations")]
mod removable {
    use std::cell::Cell;

    use super::Safeguard;

    thread_local! {
        static REMOVED: Cell<Option<Safeguard>> = const { Cell::new(None) };
    }

    pub(crate) fn is_enabled(safeguard: Safeguard) -> bool {
        REMOVED.get() != Some(safeguard)
    }

    /// Runs something in this thread with one safeguard removed.
    pub fn without<T>(safeguard: Safeguard, run: impl FnOnce() -> T) -> T {
        struct PutBack;
        impl Drop for PutBack {
            fn drop(&mut self) {
                REMOVED.set(None);
            }
        }
        let _put_back = PutBack;
        REMOVED.set(Some(safeguard));
        run()
    }
}
