//! The function is killed before or after its only request: the event has one entry after the next delivery.

use std::sync::Arc;

use demo::AUDIT_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Failpoint, Invocation, When};

use crate::{FUNCTION, NOON, entries, update};

/// Kills the first delivery at the failpoint; returns done and duplicate records of the second delivery.
async fn delivered_again_after(when: When, there_before: usize) -> (usize, usize) {
    let scene = Arc::new(Scene::start(FUNCTION, &[]).await.unwrap());
    let append = Failpoint::new("append", "TransactWriteItems", when, Action::Hold);
    scene.kill_at(append, vec![update("e1", "u1", NOON, 5)]).await.unwrap();
    assert_eq!(entries(scene.stack.aws.items(AUDIT_TABLE).await.unwrap()).len(), there_before);

    let again = scene.invoke(&[update("e1", "u1", NOON, 5)]).await;
    assert!(matches!(again, Invocation::Answered(_)), "{again:?}");
    assert_eq!(entries(scene.stack.aws.items(AUDIT_TABLE).await.unwrap()).len(), 1);
    assert!(scene.dead_letters().await.unwrap().is_empty());
    (scene.outcomes().done, scene.outcomes().duplicate)
}

#[tokio::test]
async fn killed_before_the_append_the_next_delivery_appends_the_event() {
    assert_eq!(delivered_again_after(When::Before, 0).await, (1, 0));
}

#[tokio::test]
async fn killed_after_the_append_the_next_delivery_is_a_duplicate() {
    assert_eq!(delivered_again_after(When::After, 1).await, (0, 1));
}
