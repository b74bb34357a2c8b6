//! The redrive itself is killed at each step of a letter: no letter is lost, the next run completes it, and another run
//! changes nothing.

use std::sync::Arc;

use local_stack::{Action, Answer, Failpoint, Invocation, Target, When};

use crate::stage::{Stage, an_account, claims, fates, truncated};

const REPLAY: &str = r#"{"action": "replay", "yes": true}"#;

pub(crate) fn at(operation: &'static str, when: When) -> Failpoint {
    Failpoint::new(format!("{operation} {when:?}"), operation, when, Action::Hold).times(1)
}

/// Replays until a request reaches the failpoint, kills the redrive there, and releases the request.
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

/// Redrives a letter whose mail succeeds: kills the first run, and runs twice more.
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
async fn killed_after_freeing_the_claim() {
    a_mail_is_sent_once_when_killed_at(at("UpdateItem", When::After).containing("redrive")).await;
}

#[tokio::test]
async fn killed_before_the_function_sends_the_mail() {
    a_mail_is_sent_once_when_killed_at(at("SendEmail", When::Before)).await;
}

#[tokio::test]
async fn killed_after_the_mail_before_the_answer() {
    a_mail_is_sent_once_when_killed_at(at("SendEmail", When::After)).await;
}

#[tokio::test]
async fn killed_after_the_answer_before_removing_the_letter() {
    a_mail_is_sent_once_when_killed_at(at("DeleteMessageBatch", When::Before)).await;
}

#[tokio::test]
async fn killed_after_removing_the_letter() {
    a_mail_is_sent_once_when_killed_at(at("DeleteMessageBatch", When::After)).await;
}

/// Redrives a letter that fails again, and kills the run while it counts the attempt. Then the queue may hold two messages
/// of the letter, but never none.
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
async fn killed_before_counting_the_attempt() {
    a_letter_stays_when_killed_at(at("SendMessageBatch", When::Before), 1).await;
}

#[tokio::test]
async fn killed_after_counting_the_attempt() {
    a_letter_stays_when_killed_at(at("SendMessageBatch", When::After), 2).await;
}

#[tokio::test]
async fn killed_before_removing_the_old_message() {
    a_letter_stays_when_killed_at(at("DeleteMessageBatch", When::Before), 2).await;
}

#[tokio::test]
async fn killed_after_removing_the_old_message() {
    a_letter_stays_when_killed_at(at("DeleteMessageBatch", When::After), 1).await;
}
