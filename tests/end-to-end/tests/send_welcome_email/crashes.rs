//! The process dies, or an answer is lost, at exactly the points where it hurts most.

use std::sync::Arc;

use end_to_end::Scene;
use local_stack::{Action, Answer, Failpoint, Invocation, When};
use serde_json::{Value, json};

use crate::{FUNCTION, an_account, answer};

/// Kills the function when a request reaches the failpoint; the scene after that.
async fn killed_at(failpoint: Failpoint) -> Arc<Scene> {
    let scene = Arc::new(Scene::start(FUNCTION, &[]).await.unwrap());
    scene.kill_at(failpoint, vec![an_account()]).await.unwrap();
    scene
}

/// The one dead letter says that nobody knows, and its claim is parked: no delivery will ever mail by itself.
async fn assert_parked_as_uncertain(scene: &Scene, mails: usize) -> Value {
    let mut letters = scene.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["error"]["uncertain"], true, "{letters:?}");
    assert_eq!(scene.claims().await.unwrap(), ["parked"]);
    assert_eq!(scene.mails().await.unwrap().len(), mails);

    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.outcomes().duplicate, 1, "delivered once more it is a duplicate");
    assert_eq!(scene.dead_letters().await.unwrap().len(), 1);
    assert_eq!(scene.mails().await.unwrap().len(), mails);
    letters.remove(0)
}

#[tokio::test]
async fn killed_between_claim_and_mail_the_record_is_parked_and_no_mail_goes_out_by_itself() {
    let scene = killed_at(Failpoint::new("about to mail", "SendEmail", When::Before, Action::Hold)).await;
    assert_eq!(scene.claims().await.unwrap(), ["held"]);
    assert!(scene.mails().await.unwrap().is_empty());

    answer(scene.invoke(&[an_account()]).await);
    let letter = assert_parked_as_uncertain(&scene, 0).await;
    assert_eq!(letter["error"]["stage"], "claim");
    assert_eq!(letter["raw"]["value"], json!(an_account().value.unwrap()), "a person can still decide to send it");
}

#[tokio::test]
async fn killed_between_mail_and_completion_the_record_is_parked_and_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("mail accepted", "SendEmail", When::After, Action::Hold)).await;
    assert_eq!(scene.claims().await.unwrap(), ["held"]);
    answer(scene.invoke(&[an_account()]).await);
    assert_parked_as_uncertain(&scene, 1).await;
}

#[tokio::test]
async fn killed_while_completing_the_record_is_parked_and_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("about to complete", "UpdateItem", When::Before, Action::Hold)).await;
    answer(scene.invoke(&[an_account()]).await);
    assert_parked_as_uncertain(&scene, 1).await;
}

#[tokio::test]
async fn killed_after_completing_the_record_is_a_duplicate_and_there_is_one_mail() {
    let scene = killed_at(Failpoint::new("completed", "UpdateItem", When::After, Action::Hold)).await;
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.outcomes().duplicate, 1);
    assert_eq!(scene.claims().await.unwrap(), ["done"]);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn killed_after_storing_the_dead_letter_the_record_is_parked_all_the_same() {
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
    assert_eq!(letters.len(), 2, "the first one's storing could not be known");
    assert_eq!(letters[0]["id"], letters[1]["id"], "they are told to be one by their id");
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_is_one_mail_and_parked() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let lost = scene.stack.faults.arm(Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!((lost.hits(), scene.stack.faults.calls("SendEmail")), (1, 1), "nobody sends again behind our back");
    let letter = assert_parked_as_uncertain(&scene, 1).await;
    assert_eq!(letter["error"]["stage"], "handle");
}

#[tokio::test]
async fn a_mail_that_ses_answers_with_an_error_of_its_own_is_parked() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let error = Action::Answer(Answer::INTERNAL_ERROR);
    scene.stack.faults.arm(Failpoint::new("internal error", "SendEmail", When::After, error));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.stack.faults.calls("SendEmail"), 1);
    assert_parked_as_uncertain(&scene, 1).await;
}

#[tokio::test]
async fn a_mail_without_an_answer_in_its_time_is_parked() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    scene.stack.faults.arm(Failpoint::new("no answer", "SendEmail", When::After, Action::Hold));
    answer(scene.invoke(&[an_account()]).await);
    assert_parked_as_uncertain(&scene, 1).await;
}
