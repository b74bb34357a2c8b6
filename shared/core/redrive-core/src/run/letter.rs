//! The redrive of one letter: resolve its claim, invoke its function, then remove the letter or count the attempt.

use event_runtime::{
    ClaimKey, DeadLetter, Decider, Decision, ParkedUnder, Redriven, Resolved, StoredLetter, error_chain,
};

use super::queue_contents::QueueContents;
use super::queued_letter::QueuedLetter;
use super::session::Session;
use crate::ports::{Invoked, Ports};
use crate::redrive_event::{expected_answer, redrive_event};
use crate::report::RedriveOutcome;
use crate::request::Action;

/// Redrives one letter whose messages are hidden.
pub(super) async fn redrive_letter(
    contents: &mut QueueContents,
    queued: &QueuedLetter,
    session: &mut Session<'_>,
) -> RedriveOutcome {
    let (request, ports) = (session.request, session.ports);
    let letter = queued.letter();
    match (request.action, request.decision) {
        (Action::Resolve, Some(decision)) => {
            let by = request.by.as_deref().unwrap_or_default();
            if let Err(outcome) = resolve_claim(ports, letter, decision, Decider::Person(by)).await {
                return outcome;
            }
            if decision == Decision::Done {
                return remove(ports, contents, queued, RedriveOutcome::TakenForDone).await;
            }
        }
        _ if letter.error.uncertain => return uncertain_effect(),
        _ => {
            // The letter says that its effect did not happen, but the claim has the last word.
            if let Err(outcome) = resolve_claim(ports, letter, Decision::Repeat, Decider::Redrive).await {
                return outcome;
            }
        }
    }
    let letter = match get_whole_letter(ports, queued.stored.clone()).await {
        Ok(letter) => letter,
        Err(reason) => return RedriveOutcome::Refused { reason },
    };
    let event = match redrive_event(&letter, queued.attempts() + 1) {
        Ok(event) => event,
        Err(error) => return RedriveOutcome::Refused { reason: error.to_string() },
    };
    if !session.wait_for_turn().await {
        return RedriveOutcome::NotReached;
    }
    let target = session.target(&letter.given_up_by.function, None, expected_answer(&letter));
    match ports.invoker.invoke(&target, event).await {
        Ok(Invoked::Finished) => remove(ports, contents, queued, RedriveOutcome::Finished).await,
        Ok(Invoked::Failed(error) | Invoked::Unknown(error)) => {
            let (attempts, error) = count_attempt(ports, contents, queued, letter, error).await;
            RedriveOutcome::FailedAgain { attempts, error }
        }
        Ok(Invoked::Unconfirmed(error)) => {
            let (attempts, error) = count_attempt(ports, contents, queued, letter, error).await;
            RedriveOutcome::Unconfirmed { attempts, error }
        }
        Err(error) => RedriveOutcome::NotInvoked { error: error_chain(&error).join(": ") },
    }
}

/// The outcome of a letter that only a person can decide about.
pub(super) fn uncertain_effect() -> RedriveOutcome {
    RedriveOutcome::NeedsDecision { reason: "it was dead-lettered because its effect may have happened".to_owned() }
}

/// The letter with its raw bytes, which may be in an object.
pub(super) async fn get_whole_letter(ports: &Ports, stored: StoredLetter) -> Result<DeadLetter, String> {
    match &stored.raw_in {
        None => Ok(stored.letter),
        Some(object) => {
            let body = ports.objects.get(&object.bucket, &object.key).await;
            let body = body.map_err(|error| error_chain(&error).join(": "))?;
            stored.whole(&body).map_err(|error| error.to_string())
        }
    }
}

/// Resolves the letter's claim, if it has one. The error is the outcome of a letter whose claim cannot be resolved.
async fn resolve_claim(
    ports: &Ports,
    letter: &DeadLetter,
    decision: Decision,
    by: Decider<'_>,
) -> Result<(), RedriveOutcome> {
    let Some(key) = &letter.claim else { return Ok(()) };
    let key = ClaimKey::from_stored(key);
    let Some(claims) = &ports.claims else {
        let reason = "its effect is guarded by a claim: name the table of the claims (CLAIMS_TABLE)".to_owned();
        return Err(RedriveOutcome::Refused { reason });
    };
    // A claim whose effect may have happened at a redrive is parked under the second name. Only a person frees it.
    let by_person = matches!(by, Decider::Person(_));
    let names = [Some(letter.id.clone()), by_person.then(|| letter.id.uncertain())];
    for name in names.into_iter().flatten() {
        match claims.resolve(&key, ParkedUnder::from(&name), decision, by).await {
            Ok(Resolved::Applied | Resolved::NotParked) => return Ok(()),
            Ok(Resolved::OtherPark | Resolved::Uncertain) => {}
            Err(error) => return Err(RedriveOutcome::NotInvoked { error: error_chain(&error).join(": ") }),
        }
    }
    let reason = match by_person {
        true => "its claim is parked under another letter: decide about that letter",
        false => {
            "its claim does not rule the effect out: it may have happened, at the first attempt or at a later attempt"
        }
    };
    Err(RedriveOutcome::NeedsDecision { reason: reason.to_owned() })
}

/// Stores the letter with this attempt counted, then removes its old messages. In this order the queue holds two messages
/// of the letter for a moment, and never none. Returns the attempts so far, and the error for the report.
async fn count_attempt(
    ports: &Ports,
    contents: &mut QueueContents,
    queued: &QueuedLetter,
    letter: DeadLetter,
    error: String,
) -> (u32, String) {
    let attempts = queued.attempts() + 1;
    let mut counted = DeadLetter {
        redriven: Some(Redriven { attempts, last_at_ms: ports.clock.now().0, last_error: error.clone() }),
        ..letter
    };
    // From now on the claim, not the letter, says whether the effect of this attempt may have happened.
    counted.error.uncertain &= counted.claim.is_none();
    if let Err(failed) = ports.dead_letters.store(&counted).await {
        let error = format!("{error}; and the attempt could not be counted: {}", error_chain(&failed).join(": "));
        return (queued.attempts(), error);
    }
    match ports.queue.remove(&queued.receipts()).await {
        Ok(()) => drop(contents.letters.remove(&queued.letter().id)),
        Err(failed) => {
            tracing::warn!(letter = %queued.letter().id, "the queue now holds two messages of the letter: {failed}");
        }
    }
    (attempts, error)
}

async fn remove(
    ports: &Ports,
    contents: &mut QueueContents,
    queued: &QueuedLetter,
    outcome: RedriveOutcome,
) -> RedriveOutcome {
    match ports.queue.remove(&queued.receipts()).await {
        Ok(()) => {
            contents.letters.remove(&queued.letter().id);
            outcome
        }
        Err(error) => RedriveOutcome::NotRemoved { error: error_chain(&error).join(": ") },
    }
}
