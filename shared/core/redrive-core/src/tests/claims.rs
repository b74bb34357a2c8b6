//! Letters whose effect is guarded by a claim.

use std::time::Duration;

use event_runtime::{Claim, ClaimKey, Claims, DeadLetter, Decision, Doubt, EffectId, LetterId, OwnerToken};

use super::stage::{Stage, finished, letter, outcomes, replay};
use crate::ports::Invoked;
use crate::report::{RedriveOutcome, RunStatus};
use crate::request::{Action, Request};

const LEASE: Duration = Duration::from_secs(30);

fn key() -> ClaimKey {
    ClaimKey::new("welcome", "5").unwrap()
}

fn guarded(uncertain: bool) -> DeadLetter {
    let mut letter = DeadLetter { claim: Some(key().as_str().to_owned()), ..letter(1) };
    letter.error.uncertain = uncertain;
    letter
}

fn resolve(decision: Decision) -> Request {
    let ids = vec![letter(1).id.to_string()];
    Request { action: Action::Resolve, ids, decision: Some(decision), by: Some("ada".to_owned()), ..replay() }
}

async fn park_claim(stage: &Stage, letter: &LetterId, doubt: Doubt) {
    match claim(stage).await {
        Claim::Claimed(held) => drop(stage.claims.park(&held, letter, doubt).await.unwrap()),
        other => panic!("{other:?}"),
    }
}

/// Parks the claim as a worker does that knows that the effect did not happen.
async fn parked_certain(stage: &Stage) {
    park_claim(stage, &letter(1).id, Doubt::Certain).await;
}

/// Parks the claim as a worker does whose effect may have happened.
async fn parked_uncertain(stage: &Stage) {
    park_claim(stage, &letter(1).id.uncertain(), Doubt::Uncertain).await;
}

async fn claim(stage: &Stage) -> Claim {
    stage.claims.claim(&EffectId::new(key()), LEASE, OwnerToken::fresh()).await.unwrap()
}

async fn is_parked(stage: &Stage, under: &LetterId) -> bool {
    matches!(claim(stage).await, Claim::Parked(parked) if parked.letter.as_ref() == Some(under))
}

#[tokio::test(start_paused = true)]
async fn a_claim_without_an_effect_is_freed_before_its_record_is_sent() {
    let stage = Stage::new(finished);
    parked_certain(&stage).await;
    stage.put(&guarded(false));
    assert_eq!(outcomes(&stage.run(&replay()).await), ["finished"]);
    assert!(matches!(claim(&stage).await, Claim::Claimed(_)), "the function can claim it");
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_letter_is_left_alone_until_a_person_decides() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_uncertain(&stage).await;
    stage.put(&guarded(true));
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["needs_decision"], RunStatus::Undecided));
    assert!(is_parked(&stage, &letter(1).id.uncertain()).await);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_decision_repeat_sends_an_uncertain_letter_again() {
    let stage = Stage::new(finished);
    parked_uncertain(&stage).await;
    stage.put(&guarded(true));
    let dry = stage.run(&Request { yes: false, ..resolve(Decision::Repeat) }).await;
    assert_eq!(outcomes(&dry), ["would_resolve"]);
    assert!(is_parked(&stage, &letter(1).id.uncertain()).await, "not without yes");

    assert_eq!(outcomes(&stage.run(&resolve(Decision::Repeat)).await), ["finished"]);
    assert_eq!(stage.invoked(), [1]);
    assert!(stage.queue.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_decision_done_removes_an_uncertain_letter() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_uncertain(&stage).await;
    stage.put(&guarded(true));
    assert_eq!(outcomes(&stage.run(&resolve(Decision::Done)).await), ["taken_for_done"]);
    assert_eq!(claim(&stage).await, Claim::Done, "a delivery sends nothing either");
    assert!(stage.queue.bodies().is_empty());
}

/// The last attempt may have sent a mail and lost the answer. Its claim is parked under the letter's second name, and only
/// that keeps the next run from sending another mail: the letter does not know if the run was killed before it counted.
#[tokio::test(start_paused = true)]
async fn a_redrive_with_an_uncertain_effect_needs_a_decision() {
    let stage = Stage::new(finished);
    parked_uncertain(&stage).await;
    stage.put(&guarded(false));
    let report = stage.run(&replay()).await;
    assert!(
        matches!(&report.entries[0].outcome, RedriveOutcome::NeedsDecision { reason } if reason.contains("later attempt"))
    );
    assert!(stage.invoked().is_empty());

    assert_eq!(outcomes(&stage.run(&resolve(Decision::Repeat)).await), ["finished"], "a person may decide");
    assert_eq!(stage.invoked(), [1]);
}

/// The letter says that the effect did not happen, and that was true of one attempt. It was not true of another attempt,
/// whose message is not visible now; a version that does not store doubts parks that claim under the letter's own id.
#[tokio::test(start_paused = true)]
async fn the_claim_overrules_a_letter_that_denies_the_effect() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    park_claim(&stage, &letter(1).id, Doubt::Uncertain).await;
    stage.put(&guarded(false));
    assert_eq!(outcomes(&stage.run(&replay()).await), ["needs_decision"]);
    assert!(is_parked(&stage, &letter(1).id).await);
    assert_eq!(outcomes(&stage.run(&resolve(Decision::Done)).await), ["taken_for_done"], "a person may decide");
}

#[tokio::test(start_paused = true)]
async fn a_claim_parked_under_another_letter_is_left_alone() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    park_claim(&stage, &letter(2).id, Doubt::Certain).await;
    stage.put(&guarded(true));
    for decision in [Decision::Repeat, Decision::Done] {
        let report = stage.run(&resolve(decision)).await;
        assert!(
            matches!(&report.entries[0].outcome, RedriveOutcome::NeedsDecision { reason } if reason.contains("another letter"))
        );
    }
    assert!(is_parked(&stage, &letter(2).id).await);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_decision_the_claim_counts_not_the_letter() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("ses_throttled".to_owned())));
    parked_uncertain(&stage).await;
    stage.put(&guarded(true));
    stage.run(&resolve(Decision::Repeat)).await;
    // The function sent nothing and released its claim, so no further decision is needed.
    assert_eq!(outcomes(&stage.run(&replay()).await), ["failed_again"]);
    assert_eq!(stage.queue.bodies()[0]["redriven"]["attempts"], 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_claims_table_a_guarded_letter_is_refused() {
    let mut stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.redrive.ports.claims = None;
    stage.put(&guarded(false));
    let report = stage.run(&replay()).await;
    assert!(
        matches!(&report.entries[0].outcome, RedriveOutcome::Refused { reason } if reason.contains("CLAIMS_TABLE"))
    );
}

#[tokio::test(start_paused = true)]
async fn with_the_claims_table_down_nothing_is_sent() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_certain(&stage).await;
    stage.put(&guarded(false));
    stage.claims.fail_next("resolve");
    assert_eq!(outcomes(&stage.run(&replay()).await), ["not_invoked"]);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[test]
fn resolve_needs_a_decision_ids_and_a_person() {
    for (request, missing) in [
        (Request { decision: None, ..resolve(Decision::Done) }, "decision"),
        (Request { ids: Vec::new(), ..resolve(Decision::Done) }, "ids"),
        (Request { by: Some(" ".to_owned()), ..resolve(Decision::Done) }, "who decides"),
        (Request { action: Action::Replay, ..resolve(Decision::Done) }, "only `resolve`"),
    ] {
        assert!(request.check().unwrap_err().to_string().contains(missing), "{missing}");
    }
}
