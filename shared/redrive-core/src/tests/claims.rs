//! Letters whose effect is guarded by a claim.

use std::time::Duration;

use event_runtime::{Claim, ClaimKey, Claims, DeadLetter, Decision, EffectId, LetterId};

use super::stage::{Stage, fates, finished, letter, replay};
use crate::invoke::Invoked;
use crate::report::{Ending, Fate};
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

async fn parked_under(stage: &Stage, letter: &LetterId) {
    match claim(stage).await {
        Claim::Claimed(held) => drop(stage.claims.park(&held, letter).await.unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn claim(stage: &Stage) -> Claim {
    stage.claims.claim(&EffectId::new(key()), LEASE).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_effect_did_not_happen_is_freed_before_its_record_is_sent() {
    let stage = Stage::new(finished);
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(false));
    assert_eq!(fates(&stage.run(&replay()).await), ["finished"]);
    assert!(matches!(claim(&stage).await, Claim::Claimed(_)), "the function could claim it");
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_one_is_left_alone_until_somebody_decides() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(true));
    let report = stage.run(&replay()).await;
    assert_eq!((fates(&report), report.ending), (vec!["needs_decision"], Ending::Undecided));
    assert_eq!(claim(&stage).await, Claim::Parked(Some(letter(1).id)));
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn decided_to_repeat_it_is_sent_again() {
    let stage = Stage::new(finished);
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(true));
    let dry = stage.run(&Request { yes: false, ..resolve(Decision::Repeat) }).await;
    assert_eq!(fates(&dry), ["would_resolve"]);
    assert_eq!(claim(&stage).await, Claim::Parked(Some(letter(1).id)), "not without yes");

    assert_eq!(fates(&stage.run(&resolve(Decision::Repeat)).await), ["finished"]);
    assert_eq!(stage.invoked(), [1]);
    assert!(stage.queue.bodies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn taken_for_done_it_is_never_sent_again() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(true));
    assert_eq!(fates(&stage.run(&resolve(Decision::Done)).await), ["taken_for_done"]);
    assert_eq!(claim(&stage).await, Claim::Done, "nor by any delivery");
    assert!(stage.queue.bodies().is_empty());
}

/// The try before may have ended with a mail and a lost answer. Its claim was parked under the letter's second name, and
/// that alone keeps the next run from sending another: the letter may not know, if the run was killed before it counted.
#[tokio::test(start_paused = true)]
async fn what_a_redriven_try_left_uncertain_is_never_repeated_by_itself() {
    let stage = Stage::new(finished);
    parked_under(&stage, &letter(1).id.redriven()).await;
    stage.park(&guarded(false));
    let report = stage.run(&replay()).await;
    assert!(matches!(&report.entries[0].fate, Fate::NeedsDecision { reason } if reason.contains("later try")));
    assert!(stage.invoked().is_empty());

    assert_eq!(fates(&stage.run(&resolve(Decision::Repeat)).await), ["finished"], "a person may");
    assert_eq!(stage.invoked(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_another_letter_holds_is_not_touched() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_under(&stage, &letter(2).id).await;
    stage.park(&guarded(true));
    for decision in [Decision::Repeat, Decision::Done] {
        let report = stage.run(&resolve(decision)).await;
        assert!(matches!(&report.entries[0].fate, Fate::NeedsDecision { reason } if reason.contains("another letter")));
    }
    assert_eq!(claim(&stage).await, Claim::Parked(Some(letter(2).id)));
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn once_decided_the_claim_says_what_is_uncertain_not_the_letter() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("ses_throttled".to_owned())));
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(true));
    stage.run(&resolve(Decision::Repeat)).await;
    // Nothing was sent, so the function released its claim; no further decision is needed.
    assert_eq!(fates(&stage.run(&replay()).await), ["failed_again"]);
    assert_eq!(stage.queue.bodies()[0]["redriven"]["attempts"], 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_claims_table_a_guarded_letter_is_refused() {
    let mut stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.redrive.ports.claims = None;
    stage.park(&guarded(false));
    let report = stage.run(&replay()).await;
    assert!(matches!(&report.entries[0].fate, Fate::Refused { reason } if reason.contains("CLAIMS_TABLE")));
}

#[tokio::test(start_paused = true)]
async fn with_the_claims_table_down_nothing_is_sent() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    parked_under(&stage, &letter(1).id).await;
    stage.park(&guarded(false));
    stage.claims.fail_next("resolve");
    assert_eq!(fates(&stage.run(&replay()).await), ["not_invoked"]);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[test]
fn a_decision_needs_ids_and_a_person() {
    for (request, missing) in [
        (Request { decision: None, ..resolve(Decision::Done) }, "decision"),
        (Request { ids: Vec::new(), ..resolve(Decision::Done) }, "ids"),
        (Request { by: Some(" ".to_owned()), ..resolve(Decision::Done) }, "who decides"),
        (Request { action: Action::Replay, ..resolve(Decision::Done) }, "only `resolve`"),
    ] {
        assert!(request.check().unwrap_err().to_string().contains(missing), "{missing}");
    }
}
