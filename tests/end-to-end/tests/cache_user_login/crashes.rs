//! The process dies around its only request: the newest version is there after the next delivery.

use std::sync::Arc;

use demo::LOGINS_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Failpoint, Invocation, When};

use crate::{FUNCTION, WRITE, records};

/// How the second delivery of a login went, whose first one ended at the failpoint: done, duplicates.
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
async fn killed_before_the_write_the_login_is_written_by_the_next_delivery() {
    assert_eq!(delivered_again_after(When::Before, 0).await, (1, 0));
}

#[tokio::test]
async fn killed_after_the_write_the_login_is_a_duplicate() {
    assert_eq!(delivered_again_after(When::After, 1).await, (0, 1));
}
