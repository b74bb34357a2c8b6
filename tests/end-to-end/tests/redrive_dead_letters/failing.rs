//! Letters whose redrive fails stay, with the attempt counted.

use end_to_end::Scene;
use local_stack::{Action, Answer, EventRecord, Failpoint, When};
use serde_json::{Value, json};

use crate::stage::{Dialect, Stage, WELCOME, an_account, claims, fates, truncated};

async fn stays_with_its_attempts(stage: &Stage, code: &str) {
    stage.deliver(&[truncated()]).await;
    let stored = stage.letters().await;
    for attempts in 1..=3 {
        let report = stage.replay().await;
        assert_eq!((fates(&report), &report["ending"]), (vec!["failed_again"], &json!("remaining")), "{report}");
        assert!(report["entries"][0]["fate"]["error"].to_string().contains(code), "{report}");
        let letters = stage.letters().await;
        assert_eq!(letters.len(), 1, "one letter for all attempts: {letters:?}");
        assert_eq!(letters[0]["redriven"]["attempts"], attempts);
        let without = |mut letter: Value| {
            letter.as_object_mut().unwrap().remove("redriven");
            letter
        };
        assert_eq!(without(letters[0].clone()), stored[0], "nothing else changes");
    }
    assert_eq!(stage.invocations(), 3);
}

#[tokio::test]
async fn an_unreadable_record_stays_with_its_attempts_counted() {
    let stage = Stage::start(&[]).await;
    stays_with_its_attempts(&stage, "frame_truncated").await;
}

#[tokio::test]
async fn attempts_are_counted_with_partial_batch_responses() {
    let stage = Stage::start(&[("PARTIAL_BATCH_RESPONSE", "true")]).await;
    stays_with_its_attempts(&stage, "frame_truncated").await;
}

#[tokio::test]
async fn attempts_are_counted_under_cargo_lambda_watch() {
    let stage = Stage::of(Scene::start(WELCOME, &[]).await.unwrap(), Dialect::Watch).await;
    stays_with_its_attempts(&stage, "frame_truncated").await;
}

#[tokio::test]
async fn a_letter_too_large_for_the_queue_is_read_from_the_bucket() {
    let stage = Stage::start(&[]).await;
    // Its frame names no schema id, so it can never be read and is dead-lettered at once.
    let large = "AAAA".repeat(400_000);
    stage.deliver(&[EventRecord { value: Some(Some(large.clone())), ..an_account() }]).await;
    let letters = stage.letters().await;
    assert!(letters[0]["raw_in"]["bytes"].as_u64().unwrap() > 1_600_000, "{letters:?}");

    let shown = stage.ask(json!({"action": "show", "raw": true})).await;
    assert_eq!(shown["entries"][0]["details"]["raw"]["value"], large);
    let report = stage.replay().await;
    assert_eq!(fates(&report), ["failed_again"], "{report}");
    let again = stage.letters().await;
    assert_eq!(
        (&again[0]["redriven"]["attempts"], &again[0]["raw_in"]["key"]),
        (&json!(1), &letters[0]["raw_in"]["key"])
    );
}

#[tokio::test]
async fn a_letter_whose_function_is_missing_counts_no_attempt() {
    let stage = Stage::start(&[]).await;
    stage.deliver(&[truncated()]).await;
    let report = stage.ask(json!({"action": "replay", "yes": true, "into": "somebody-else"})).await;
    assert_eq!(fates(&report), ["not_invoked"], "{report}");
    assert_eq!(stage.letters().await[0].get("redriven"), None);
}

/// Each attempt is known to have no effect, so no decision is needed, however often it fails.
#[tokio::test]
async fn a_mail_that_ses_keeps_rejecting_never_needs_a_decision() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    let fault = stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected));
    stage.deliver(&[an_account()]).await;
    for _ in 0..2 {
        let report = stage.replay().await;
        assert_eq!(fates(&report), ["failed_again"], "{report}");
    }
    fault.disarm();
    let report = stage.replay().await;
    assert_eq!(fates(&report), ["finished"], "{report}");
    assert_eq!((stage.mails().await, claims(&stage).await), (1, vec!["done".to_owned()]));
}
