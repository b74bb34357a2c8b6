//! The redrive itself dies, by SIGKILL, anywhere between taking a letter up and being through with it: no letter is
//! lost, the next run finishes what it began, and one more changes nothing.

use std::sync::Arc;

use local_stack::{Action, Answer, Failpoint, Invocation, Target, When};

use crate::stage::{Stage, an_account, claims, fates, truncated};

const REPLAY: &str = r#"{"action": "replay", "yes": true}"#;

pub(crate) fn at(operation: &'static str, when: When) -> Failpoint {
    Failpoint::new(format!("{operation} {when:?}"), operation, when, Action::Hold).times(1)
}

/// Replays until a request reaches the failpoint, kills the redrive there, and lets everything else go on.
pub(crate) async fn killed_at(stage: &Arc<Stage>, failpoint: Failpoint) {
    let armed = stage.scene.stack.faults.arm(failpoint);
    let replaying = tokio::spawn({
        let stage = Arc::clone(stage);
        async move { stage.redrive.invoke(REPLAY.into()).await }
    });
    armed.reached().await.unwrap();
    stage.redrive.kill().await;
    assert_eq!(replaying.await.unwrap(), Invocation::Crashed("killed".to_owned()));
    armed.release();
}

/// A letter whose mail goes out this time: killed, run again, and once more.
async fn a_mail_is_sent_once_when_killed_at(failpoint: Failpoint) {
    let name = format!("{failpoint:?}");
    let stage = Arc::new(Stage::start(&[]).await);
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.letters().await.len(), claims(&stage).await), (1, vec!["parked".to_owned()]));

    killed_at(&stage, failpoint).await;
    stage.hidden_letters_reappear().await;
    for run in 0..2 {
        let report = stage.replay().await;
        assert!(fates(&report).iter().all(|fate| *fate == "finished"), "{name}, run {run}: {report}");
        assert_eq!((stage.mails().await, claims(&stage).await), (1, vec!["done".to_owned()]), "{name}, run {run}");
        assert!(stage.letters().await.is_empty(), "{name}, run {run}");
    }
    let invocations = stage.invocations();
    assert!(fates(&stage.replay().await).is_empty(), "{name}");
    assert_eq!(stage.invocations(), invocations, "{name}");
}

#[tokio::test]
async fn killed_when_the_claim_is_freed_and_nothing_is_sent_yet() {
    a_mail_is_sent_once_when_killed_at(at("UpdateItem", When::After).containing("redrive")).await;
}

#[tokio::test]
async fn killed_while_the_function_is_about_to_send() {
    a_mail_is_sent_once_when_killed_at(at("SendEmail", When::Before)).await;
}

#[tokio::test]
async fn killed_when_the_mail_is_out_and_the_function_has_not_answered() {
    a_mail_is_sent_once_when_killed_at(at("SendEmail", When::After)).await;
}

#[tokio::test]
async fn killed_between_the_functions_answer_and_removing_the_letter() {
    a_mail_is_sent_once_when_killed_at(at("DeleteMessageBatch", When::Before)).await;
}

#[tokio::test]
async fn killed_when_the_letter_is_removed() {
    a_mail_is_sent_once_when_killed_at(at("DeleteMessageBatch", When::After)).await;
}

/// A letter that fails again: killed while its attempt is counted. Two messages may hold it then, never none.
async fn a_letter_stays_when_killed_at(failpoint: Failpoint, messages: usize) {
    let name = format!("{failpoint:?}");
    let stage = Arc::new(Stage::start(&[]).await);
    stage.deliver(&[truncated()]).await;
    let id = stage.letters().await[0]["id"].clone();

    killed_at(&stage, failpoint).await;
    let letters = stage.letters().await;
    assert_eq!(letters.len(), messages, "{name}: {letters:?}");
    assert!(letters.iter().all(|letter| letter["id"] == id), "{name}: {letters:?}");

    stage.hidden_letters_reappear().await;
    let counted = letters.iter().filter_map(|letter| letter["redriven"]["attempts"].as_u64()).max().unwrap_or(0);
    for run in 1..=2 {
        let report = stage.replay().await;
        assert_eq!(fates(&report), ["failed_again"], "{name}: {report}");
        let letters = stage.letters().await;
        assert_eq!((letters.len(), &letters[0]["id"]), (1, &id), "{name}: {letters:?}");
        assert_eq!(letters[0]["redriven"]["attempts"], counted + run, "{name}: {letters:?}");
    }
}

#[tokio::test]
async fn killed_before_the_attempt_is_counted() {
    a_letter_stays_when_killed_at(at("SendMessageBatch", When::Before), 1).await;
}

#[tokio::test]
async fn killed_when_the_attempt_is_counted() {
    a_letter_stays_when_killed_at(at("SendMessageBatch", When::After), 2).await;
}

#[tokio::test]
async fn killed_between_counting_and_removing_what_was_counted_before() {
    a_letter_stays_when_killed_at(at("DeleteMessageBatch", When::Before), 2).await;
}

#[tokio::test]
async fn killed_when_only_the_counted_one_is_left() {
    a_letter_stays_when_killed_at(at("DeleteMessageBatch", When::After), 1).await;
}
