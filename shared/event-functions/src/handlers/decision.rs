//! What a handler decides about one change or event.

use std::marker::PhantomData;

use event_runtime::{Effect, EffectId, Failed, Intent};

use crate::handlers::guard::{Claimed, Conditional};

/// What is to be done about a change or event: nothing, or an effect under the handler's guard. `W` is what the effect
/// needs.
// No bound on `G`: a wrong guard is one error where it is written, and not one at each use.
#[derive(Debug)]
pub struct Decision<W, G> {
    intent: Intent<W>,
    _guard: PhantomData<fn() -> G>,
}

/// What `perform` returns.
pub type Performed = Result<Effect, Failed>;

impl<W, G> Decision<W, G> {
    /// Leaves the record alone, on purpose. `reason` is one of a small set of names: it becomes a metric's dimension.
    pub fn skip(reason: &'static str) -> Self {
        Self::of(Intent::Skip(reason))
    }

    fn of(intent: Intent<W>) -> Self {
        Decision { intent, _guard: PhantomData }
    }

    pub(crate) fn into_intent(self) -> Intent<W> {
        self.intent
    }
}

impl<W> Decision<W, Conditional> {
    /// Takes the effect, whose own condition refuses what is older or already there.
    pub fn conditional(work: W) -> Self {
        Self::of(Intent::Conditional(work))
    }
}

impl<W, U> Decision<W, Claimed<U>> {
    /// Takes the effect under a claim: `claim` is the *business* key of the effect, such as
    /// [`Change::claim`](crate::Change::claim) of an account, so that a replay cannot repeat it.
    pub fn claimed(claim: impl Into<EffectId>, work: W) -> Self {
        Self::of(Intent::Claimed(claim.into(), work))
    }
}
