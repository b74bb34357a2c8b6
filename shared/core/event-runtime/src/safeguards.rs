//! The safeguards on which the guarantees depend, by name, so that a test can disable one and check that the simulation
//! notices.
//!
//! In this crate all of them are always enabled: `is_enabled` is a constant and costs nothing. Only the package
//! `tests/mutations` compiles these sources a second time, as a separate crate with a feature `mutations` in which a
//! safeguard can be disabled. This crate has no such feature, so a function's build cannot turn it on.

/// A safeguard, named after what it guarantees.
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, reason = "tests/mutations names safeguards"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Safeguard {
    /// Claims: a settling write changes only an item that its owner's token still holds.
    TokenCondition,
    /// Claims: a settling write ends only the lease that it was sent for, not a later one of the same token.
    LeaseFence,
    /// Claims: a claim write that is applied after a later claim was released, or after its own withdrawal, takes
    /// nothing.
    FreeFence,
    /// Claims: a claim that was taken over from a worker that had abandoned it stays uncertain, whenever it is found
    /// again.
    TakenOver,
    /// Processor and claims: a claim whose effect may have happened records that, by its doubt and by the name that it
    /// is parked under, and only a person's decision frees it.
    CertainOnly,
    /// Processor: a record claims under one token at all attempts of an invocation.
    OneToken,
    /// Processor: a claim without an answer is withdrawn when its record is left.
    Withdrawn,
    /// Claims: a write that is refused because of our own token was applied before; its answer was lost.
    OwnToken,
    /// Claims: a claim is not taken over before its lease ends.
    LiveLease,
    /// Processor: after a freeze, an effect starts only if it can end within its lease.
    LeaseRecheck,
    /// Processor: the first record that stays pending holds back the records behind it.
    Order,
    /// Processor: a record counts as dead-lettered only when its letter is stored.
    LetterFirst,
    /// Processor: an effect starts only if it fits into the time left in the invocation.
    Deadline,
    /// Processor: the deadline is checked again after claiming, which may have taken long.
    DeadlineRecheck,
    /// Processor: a record pauses only if an effect still fits after the pause.
    PauseFits,
    /// Processor: by default any pending record fails the invocation.
    WholeBatchByDefault,
    /// Claims: an operator's decision changes only a claim that is parked under the letter that the operator read.
    LetterFence,
    /// Processor: an uncertain effect is not tried again unless the function allows it.
    UncertainIsParked,
    /// Processor: a redriven record is not dead-lettered again.
    LettersStay,
    /// Processor: a topic-partition stops if record after record is dead-lettered with one code that is not the
    /// records' fault.
    FloodStops,
    /// Processor: a record clears the codes of the stages that it has passed, and not of later ones.
    FloodByStage,
}

/// Whether a safeguard is enabled.
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

    /// Runs `run` in this thread with one safeguard disabled.
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
