//! What can stop a record between decoding and settling, beside what handlers and stores say.

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
            // How far the effect got is unknown, and nothing but the claim guards it.
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
    "too little is left of the invocation to go on with this record; raise the function's timeout or lower the batch size"
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

/// A letter has outlived what guards its record's effect.
#[derive(Debug, thiserror::Error)]
#[error(
    "the record is older than the {} days for which later changes are remembered here, or bears no usable timestamp: \
     a deletion that came after it may be forgotten, and would be undone. Look at the source: its next change brings the \
     present state; then end this letter (`redrive resolve <id> --done --yes`)",
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
#[error("a dependency failed again and again; the rest of the batch is reported at once")]
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
#[error("the lease was nearly over before the effect could start")]
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
#[error("an earlier worker took the claim and never settled it: the effect may have happened; a person must decide")]
pub(crate) struct Abandoned;

impl Failure for Abandoned {
    fn disposition(&self) -> Disposition {
        Disposition::Uncertain
    }
    fn code(&self) -> &'static str {
        "effect_uncertain"
    }
}

/// The letter that a person decides about need not be the one that was sent: another record may have the same claim.
#[derive(Debug, thiserror::Error)]
#[error(
    "the effect was given up before and its claim is parked; decide about the letter {} (`redrive resolve`): repeat or \
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
    "the claim is settled for another effect: two records with different content claim one key; the key is too coarse, or one of the records is wrong"
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
#[error("the effect happened but could not be recorded; redelivered, the record will be parked as uncertain")]
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

/// The stores that a record's end is written to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Store {
    Claims,
    DeadLetters,
}

#[derive(Debug, thiserror::Error)]
#[error("no answer came within the reserve at the end of the invocation")]
struct TooSlow;

/// A store's answer that we stopped waiting for.
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
            let told = ClaimParked { letter: Some(letter) }.to_string();
            assert!(told.contains("the letter 0f3c (`redrive resolve`)"), "{told}");
        }
    }
}
