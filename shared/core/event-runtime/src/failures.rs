//! The processor's own failures: what can stop a record besides the failures of handlers and stores.

use std::time::Duration;

use crate::dead_letter::LetterId;
use crate::failure::{Blame, Disposition, Failure};
use crate::store_error::StoreError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Panicked {
    #[error("the function panicked while reading the record; this is a defect of the function")]
    Reading,
    #[error("the function panicked in its effect; this is a defect of the function")]
    Handling { guarded: bool },
}

impl Failure for Panicked {
    fn disposition(&self) -> Disposition {
        match self {
            Panicked::Reading | Panicked::Handling { guarded: false } => Disposition::DeadLetter,
            // How far the effect got is unknown, and only the claim guards it.
            Panicked::Handling { guarded: true } => Disposition::Uncertain,
        }
    }
    fn code(&self) -> &'static str {
        "handler_panicked"
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the effect did not end within its timeout")]
pub(crate) struct EffectTimeout {
    pub(crate) guarded: bool,
}

impl Failure for EffectTimeout {
    fn disposition(&self) -> Disposition {
        if self.guarded { Disposition::Uncertain } else { Disposition::Retry { after: None } }
    }
    fn code(&self) -> &'static str {
        "effect_timeout"
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "too little time is left in the invocation for this record: raise the function's timeout or lower the batch size"
)]
pub(crate) struct NoTimeLeft;

impl Failure for NoTimeLeft {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "deadline_near"
    }
}

/// The record is older than the changes that its guard still remembers.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record is older than the {} days for which later changes are remembered here, or has no usable timestamp: a \
     later deletion may be forgotten, and the record would undo it. Check the source: its next change brings the \
     current state; then end this letter (`redrive resolve <id> --done --yes`)",
    within.as_secs() / 86_400
)]
pub(crate) struct RedriveTooOld {
    pub(crate) within: Duration,
}

impl Failure for RedriveTooOld {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "redrive_too_old"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "a dependency failed many times in a row, so the rest of the batch is not tried: see the error before this one"
)]
pub(crate) struct CircuitOpen;

impl Failure for CircuitOpen {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "circuit_open"
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the claim's lease was nearly over before the effect could start; if this keeps happening, the claims table is slow or `CLAIM_SKEW_MS` too small"
)]
pub(crate) struct LeaseTooShort;

impl Failure for LeaseTooShort {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "lease_too_short"
    }
}

#[derive(Debug, thiserror::Error)]
#[error("another worker holds the claim for {} ms more", after.as_millis())]
pub(crate) struct HeldByAnother {
    pub(crate) after: Duration,
}

impl Failure for HeldByAnother {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: Some(self.after) }
    }
    fn code(&self) -> &'static str {
        "claim_held"
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "an earlier worker took the claim and never settled it, so the effect may have happened: find out, then decide (`redrive resolve`)"
)]
pub(crate) struct Abandoned;

impl Failure for Abandoned {
    fn disposition(&self) -> Disposition {
        Disposition::Uncertain
    }
    fn code(&self) -> &'static str {
        "effect_uncertain"
    }
}

/// The letter to decide about need not be the redriven one: another record may have the same claim.
#[derive(Debug, thiserror::Error)]
#[error(
    "the effect was given up before and its claim is parked: decide about the letter {} (`redrive resolve`), repeat or \
     done",
    letter.as_ref().map_or("that the claim's item names", LetterId::without_suffix)
)]
pub(crate) struct ClaimParked {
    pub(crate) letter: Option<LetterId>,
}

impl Failure for ClaimParked {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "claim_parked"
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the claim is settled for another effect: two records with different content have the same claim key, so the key is too coarse or one of the records is wrong"
)]
pub(crate) struct ClaimConflict;

impl Failure for ClaimConflict {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "claim_conflict"
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the effect happened but could not be recorded: delivered again, the record will be dead-lettered as uncertain"
)]
pub(crate) struct Unrecorded {
    #[source]
    pub(crate) cause: Option<StoreError>,
}

impl Failure for Unrecorded {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }
    fn code(&self) -> &'static str {
        "claim_unsettled"
    }
}

/// The stores to which the end of a record is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store {
    Claims,
    DeadLetters,
}

#[derive(Debug, thiserror::Error)]
#[error("the store did not answer within the time reserved for it at the end of the invocation")]
struct TooSlow;

/// The error of a store that did not answer in time.
pub(crate) fn too_slow(store: Store, operation: &'static str) -> StoreError {
    let (store, code) = match store {
        Store::Claims => ("the store of claims", "claims_timeout"),
        Store::DeadLetters => ("the store of dead letters", "dead_letters_timeout"),
    };
    StoreError { store, operation, code, retry_after: None, cause: Box::new(TooSlow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parked_claim_names_the_letter_as_the_queue_does() {
        let letter = LetterId::from_stored("0f3c");
        for letter in [letter.uncertain(), letter] {
            let text = ClaimParked { letter: Some(letter) }.to_string();
            assert!(text.contains("the letter 0f3c (`redrive resolve`)"), "{text}");
        }
    }
}
