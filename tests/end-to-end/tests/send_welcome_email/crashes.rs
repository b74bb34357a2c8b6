//! The function is killed, or an answer is lost, at each step around the mail.

use std::sync::Arc;

use end_to_end::Scene;
use local_stack::{Action, Answer, Failpoint, Invocation, When};
use serde_json::{Value, json};

use crate::{FUNCTION, an_account, answer};

/// Starts a scene and kills the function when a request reaches the failpoint.
async fn killed_at(failpoint: Failpoint) -> Arc<Scene> {
    let scene = Arc::new(Scene::start(FUNCTION, &[]).await.unwrap());
    scene.kill_at(failpoint, vec![an_account()]).await.unwrap();
    scene
}

/// Asserts that the one dead letter is uncertain and its claim is parked, so that no delivery sends a mail by itself.
async fn assert_uncertain_and_parked(scene: &Scene, mails: usize) -> Value {
    let mut letters = scene.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["error"]["uncertain"], true, "{letters:?}");
    assert_eq!(scene.claims().await.unwrap(), ["parked"]);
    assert_eq!(scene.mails().await.unwrap().len(), mails);

    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.outcomes().duplicate, 1, "another delivery is a duplicate");
    assert_eq!(scene.dead_letters().await.unwrap().len(), 1);
    assert_eq!(scene.mails().await.unwrap().len(), mails);
    letters.remove(0)
}

#[tokio::test]
async fn killed_between_claim_and_mail_the_record_needs_a_decision() {
    let scene = killed_at(Failpoint::new("about to mail", "SendEmail", When::Before, Action::Hold)).await;
    assert_eq!(scene.claims().await.unwrap(), ["held"]);
    assert!(scene.mails().await.unwrap().is_empty());

    answer(scene.invoke(&[an_account()]).await);
    let letter = assert_uncertain_and_parked(&scene, 0).await;
    assert_eq!(letter["error"]["stage"], "claim");
    assert_eq!(letter["raw"]["value"], json!(an_account().value.unwrap()), "a person can still decide to send it");
}

#[tokio::test]
async fn killed_between_mail_and_completion_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("mail accepted", "SendEmail", When::After, Action::Hold)).await;
    assert_eq!(scene.claims().await.unwrap(), ["held"]);
    answer(scene.invoke(&[an_account()]).await);
    assert_uncertain_and_parked(&scene, 1).await;
}

#[tokio::test]
async fn killed_while_completing_the_claim_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("about to complete", "UpdateItem", When::Before, Action::Hold)).await;
    answer(scene.invoke(&[an_account()]).await);
    assert_uncertain_and_parked(&scene, 1).await;
}

#[tokio::test]
async fn killed_after_completing_the_claim_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("completed", "UpdateItem", When::After, Action::Hold)).await;
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.outcomes().duplicate, 1);
    assert_eq!(scene.claims().await.unwrap(), ["done"]);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn killed_after_storing_the_dead_letter_the_claim_is_parked() {
    let scene = Arc::new(Scene::start(FUNCTION, &[]).await.unwrap());
    let lost = Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop);
    scene.stack.faults.arm(lost.times(1));
    let stored =
        scene.stack.faults.arm(Failpoint::new("stored", "SendMessageBatch", When::After, Action::Hold).times(1));
    let invoking = Arc::clone(&scene);
    let invocation = tokio::spawn(async move { invoking.invoke(&[an_account()]).await });
    stored.reached().await.unwrap();
    scene.host.kill().await;
    assert_eq!(invocation.await.unwrap(), Invocation::Crashed("killed".to_owned()));

    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.claims().await.unwrap(), ["parked"]);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
    let letters = scene.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 2, "the function could not know that the first letter was stored");
    assert_eq!(letters[0]["id"], letters[1]["id"], "their id makes them one letter");
}

#[tokio::test]
async fn a_mail_with_a_lost_answer_is_sent_once_and_dead_lettered() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let lost = scene.stack.faults.arm(Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!((lost.hits(), scene.stack.faults.calls("SendEmail")), (1, 1), "the SDK does not send the mail again");
    let letter = assert_uncertain_and_parked(&scene, 1).await;
    assert_eq!(letter["error"]["stage"], "handle");
}

#[tokio::test]
async fn a_mail_with_an_internal_error_of_ses_is_dead_lettered() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let error = Action::Answer(Answer::INTERNAL_ERROR);
    scene.stack.faults.arm(Failpoint::new("internal error", "SendEmail", When::After, error));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.stack.faults.calls("SendEmail"), 1);
    assert_uncertain_and_parked(&scene, 1).await;
}

#[tokio::test]
async fn a_mail_without_an_answer_in_time_is_dead_lettered() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    scene.stack.faults.arm(Failpoint::new("no answer", "SendEmail", When::After, Action::Hold));
    answer(scene.invoke(&[an_account()]).await);
    assert_uncertain_and_parked(&scene, 1).await;
}
