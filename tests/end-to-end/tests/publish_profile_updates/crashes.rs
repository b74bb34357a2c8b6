//! The function is killed at every step of a run; the next run completes it.

use std::sync::Arc;

use local_stack::{Action, Failpoint, FaultProxy, Invocation, Target, When};

use crate::stage::{PAGE, Stage};

/// Two full pages and a partial one.
const CHANGES: u64 = 8;

/// Kills the function when a request reaches the failpoint, runs again, and returns how many events are published twice.
async fn killed_at(failpoint: Failpoint, on: impl Fn(&Stage) -> &FaultProxy) -> u64 {
    let stage = Arc::new(Stage::with_changes(CHANGES).await);
    let armed = on(&stage).arm(failpoint.times(1));
    let running = Arc::clone(&stage);
    let invocation = tokio::spawn(async move { running.scene.host.invoke("{}".into()).await });
    armed.reached().await.unwrap();
    stage.scene.host.kill().await;
    assert_eq!(invocation.await.unwrap(), Invocation::Crashed("killed".to_owned()));

    stage.run_until_caught_up().await;
    let found = stage.assert_all_published(CHANGES).await;
    assert_eq!(stage.item().await["cursor"]["S"], "c-8");
    assert_eq!(stage.run().await["published"], 0, "nothing is left");
    found.len() as u64 - CHANGES
}

fn table(stage: &Stage) -> &FaultProxy {
    &stage.scene.stack.faults
}

fn api(stage: &Stage) -> &FaultProxy {
    &stage.way
}

fn at(operation: &'static str, when: When) -> Failpoint {
    Failpoint::new(format!("{operation} {when:?}"), operation, when, Action::Hold)
}

#[tokio::test]
async fn killed_before_taking_the_lease() {
    assert_eq!(killed_at(at("UpdateItem", When::Before), table).await, 0);
}

#[tokio::test]
async fn killed_after_taking_the_lease() {
    assert_eq!(killed_at(at("UpdateItem", When::After), table).await, 0);
}

#[tokio::test]
async fn killed_before_reading_the_page() {
    assert_eq!(killed_at(at(PAGE, When::Before), api).await, 0);
}

#[tokio::test]
async fn killed_after_reading_the_page() {
    assert_eq!(killed_at(at(PAGE, When::After), api).await, 0);
}

#[tokio::test]
async fn killed_before_moving_the_cursor_one_page_is_sent_again() {
    assert_eq!(killed_at(at("UpdateItem", When::Before).containing("c-3"), table).await, 3);
}

#[tokio::test]
async fn killed_after_moving_the_cursor() {
    assert_eq!(killed_at(at("UpdateItem", When::After).containing("c-3"), table).await, 0);
}

#[tokio::test]
async fn killed_before_moving_the_cursor_past_the_last_page() {
    assert_eq!(killed_at(at("UpdateItem", When::Before).containing("c-8"), table).await, 2);
}

#[tokio::test]
async fn killed_before_releasing_the_lease() {
    assert_eq!(killed_at(at("UpdateItem", When::Before).containing("REMOVE #token"), table).await, 0);
}

#[tokio::test]
async fn a_move_of_the_cursor_with_a_lost_answer_counts() {
    let stage = Stage::with_changes(CHANGES).await;
    let lost = Failpoint::new("answer lost", "UpdateItem", When::After, Action::Drop).containing("c-3");
    let armed = stage.scene.stack.faults.arm(lost.times(1));
    assert_eq!(stage.run_until_caught_up().await, CHANGES);
    assert_eq!(armed.hits(), 1);
    assert_eq!(stage.assert_all_published(CHANGES).await.len() as u64, CHANGES);
}

#[tokio::test]
async fn a_lease_with_a_lost_answer_is_held() {
    let stage = Stage::with_changes(CHANGES).await;
    let lost = Failpoint::new("answer lost", "UpdateItem", When::After, Action::Drop);
    let armed = stage.scene.stack.faults.arm(lost.times(1));
    assert_eq!(stage.run().await["ended"], "caught_up");
    assert_eq!(armed.hits(), 1);
    assert_eq!(stage.assert_all_published(CHANGES).await.len() as u64, CHANGES);
}
