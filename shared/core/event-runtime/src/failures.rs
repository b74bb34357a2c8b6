//! The processor's own failures: what can stop a record besides the failures of handlers and stores.

use std::time::Duration;

use crate::dead_letter::LetterId;
use crate::failure::Failure;
use crate::store_error::StoreError;

#[derive(Debug, Failure)]
#[failure(code = "handler_panicked")]
pub(crate) enum Panicked {
    /// The function has a defect.
    #[failure(
        "the function panicked while reading the record; this is a defect of the function",
        dead_letter,
        remedy = "Report the defect. Deploy a version without it and redrive; under a claim decide with `redrive resolve`."
    )]
    Reading,
    /// If the effect ran under a claim, it is *uncertain*: it may have happened.
    #[failure(
        "the function panicked in its effect; this is a defect of the function",
        // How far the effect got is unknown, and only the claim guards it.
        disposition = if *guarded { Disposition::Uncertain } else { Disposition::DeadLetter },
        results = [dead_letter, uncertain]
    )]
    Handling { guarded: bool },
}

/// The effect did not end in time. Under a claim it is *uncertain*.
#[derive(Debug, Failure)]
#[failure(
    "the effect did not end within its timeout",
    disposition = if *guarded { Disposition::Uncertain } else { Disposition::Retry { after: None } },
    results = [retry, uncertain],
    code = "effect_timeout",
    remedy = "Check the effect's dependency."
)]
pub(crate) struct EffectTimeout {
    pub(crate) guarded: bool,
}

/// Too little time was left in the invocation.
#[derive(Debug, Failure)]
#[failure(
    "too little time is left in the invocation for this record: raise the function's timeout or lower the batch size",
    retry,
    code = "deadline_near",
    remedy = "Raise the function's timeout or lower the batch size."
)]
pub(crate) struct NoTimeLeft;

/// The redriven record is older than its guard remembers (`TOMBSTONE_DAYS`): it could undo a later deletion.
#[derive(Debug, Failure)]
#[failure(
    "the record is older than the {} days for which later changes are remembered here, or has no usable timestamp: a \
     later deletion may be forgotten, and the record would undo it. Check the source: its next change brings the \
     current state; then end this letter (`redrive resolve <id> --done --yes`)",
    within.as_secs() / 86_400,
    dead_letter,
    code = "redrive_too_old",
    blame = record,
    remedy = "See [letters older than their guard](../../../functions/redrive-dead-letters/README.md#letters-older-than-their-guard)."
)]
pub(crate) struct RedriveTooOld {
    pub(crate) within: Duration,
}

/// A dependency failed many times in a row, so the rest of the batch was not tried.
#[derive(Debug, Failure)]
#[failure(
    "a dependency failed many times in a row, so the rest of the batch is not tried: see the error before this one",
    retry,
    code = "circuit_open",
    remedy = "See the code in the log lines before."
)]
pub(crate) struct CircuitOpen;

/// The lease was nearly over before the effect could start.
#[derive(Debug, Failure)]
#[failure(
    "the claim's lease was nearly over before the effect could start; if this keeps happening, the claims table is slow or `CLAIM_SKEW_MS` too small",
    retry,
    code = "lease_too_short",
    remedy = "Nothing, unless it keeps happening: then the claims table is slow, or `CLAIM_SKEW_MS` is too small."
)]
pub(crate) struct LeaseTooShort;

/// Another worker holds the claim.
#[derive(Debug, Failure)]
#[failure(
    "another worker holds the claim for {} ms more",
    after.as_millis(),
    retry(after = after),
    code = "claim_held",
    remedy = "Nothing: the record waits and looks again."
)]
pub(crate) struct HeldByAnother {
    pub(crate) after: Duration,
}

/// A worker took the claim and never settled it.
#[derive(Debug, Failure)]
#[failure(
    "an earlier worker took the claim and never settled it, so the effect may have happened: find out, then decide (`redrive resolve`)",
    uncertain,
    code = "effect_uncertain",
    remedy = "Find out whether the effect happened, then decide with `redrive resolve`."
)]
pub(crate) struct Abandoned;

/// The record was redriven, but its claim is parked and nobody has decided about it yet.
///
/// The letter to decide about need not be the redriven one: another record may have the same claim.
#[derive(Debug, Failure)]
#[failure(
    "the effect was given up before and its claim is parked: decide about the letter {} (`redrive resolve`), repeat or \
     done",
    letter.as_ref().map_or("that the claim's item names", LetterId::without_suffix),
    retry,
    code = "claim_parked",
    remedy = "The function's log names the letter to decide about, which may be another record's: see [redrive-dead-letters](../../../functions/redrive-dead-letters/README.md)."
)]
pub(crate) struct ClaimParked {
    pub(crate) letter: Option<LetterId>,
}

/// Two records with different content have the same claim key.
#[derive(Debug, Failure)]
#[failure(
    "the claim is settled for another effect: two records with different content have the same claim key, so the key is too coarse or one of the records is wrong",
    dead_letter,
    code = "claim_conflict",
    remedy = "If the key is too coarse, make it finer in the function and redrive. If one record is wrong, end its letter."
)]
pub(crate) struct ClaimConflict;

/// The effect happened but could not be recorded. Delivered again, the record becomes `effect_uncertain`.
#[derive(Debug, Failure)]
#[failure(
    "the effect happened but could not be recorded: delivered again, the record will be dead-lettered as uncertain",
    retry,
    code = "claim_unsettled",
    remedy = "See the claims table's code in the same log line."
)]
pub(crate) struct Unrecorded {
    #[source]
    pub(crate) cause: Option<StoreError>,
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
