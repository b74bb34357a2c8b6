//! The process dies around its only request: what was appended is there once, what was not is delivered again.

use std::sync::Arc;

use demo::AUDIT_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Failpoint, Invocation, When};

use crate::{FUNCTION, NOON, entries, update};

/// How the second delivery of an event went, whose first one ended at the failpoint: done, duplicates.
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
async fn killed_before_the_append_the_event_is_appended_by_the_next_delivery() {
    assert_eq!(delivered_again_after(When::Before, 0).await, (1, 0));
}

#[tokio::test]
async fn killed_after_the_append_the_event_is_a_duplicate_and_there_is_one_entry() {
    assert_eq!(delivered_again_after(When::After, 1).await, (0, 1));
}
