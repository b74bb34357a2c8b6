//! The function is killed before or after its only request: the table has the newest version after the next delivery.

use std::sync::Arc;

use demo::LOGINS_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Failpoint, Invocation, When};

use crate::{FUNCTION, WRITE, records};

/// Kills the first delivery at the failpoint; returns done and duplicate records of the second delivery.
async fn delivered_again_after(when: When, there_before: usize) -> (usize, usize) {
    let scene = Arc::new(Scene::start(FUNCTION, &[]).await.unwrap());
    let login = || vec![records().remove(0)];
    scene.kill_at(Failpoint::new("write", WRITE, when, Action::Hold), login()).await.unwrap();
    assert_eq!(scene.stack.aws.items(LOGINS_TABLE).await.unwrap().len(), there_before);

    let again = scene.invoke(&login()).await;
    assert!(matches!(again, Invocation::Answered(_)), "{again:?}");
    assert_eq!(scene.stack.aws.items(LOGINS_TABLE).await.unwrap().len(), 1);
    assert!(scene.dead_letters().await.unwrap().is_empty());
    (scene.outcomes().done, scene.outcomes().duplicate)
}

#[tokio::test]
async fn killed_before_the_write_the_next_delivery_writes_the_login() {
    assert_eq!(delivered_again_after(When::Before, 0).await, (1, 0));
}

#[tokio::test]
async fn killed_after_the_write_the_next_delivery_is_a_duplicate() {
    assert_eq!(delivered_again_after(When::After, 1).await, (0, 1));
}
