//! Several concurrent invocations of one process, as Lambda Managed Instances send them.

use std::sync::Arc;

use end_to_end::{Scene, created_accounts};
use local_stack::{Action, EventRecord, Failpoint, When};

use crate::{FUNCTION, answer};

#[tokio::test]
async fn concurrent_invocations_mail_each_account_once() {
    let variables = [("AWS_LAMBDA_MAX_CONCURRENCY", "4"), ("EFFECT_TIMEOUT_MS", "20000")];
    let scene = Arc::new(Scene::start(FUNCTION, &variables).await.unwrap());
    let invoke = |record: EventRecord| {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move { scene.invoke(&[record]).await })
    };
    let [one, other] = [0, 1].map(|number| created_accounts().unwrap().remove(number));

    let held = scene.stack.faults.arm(Failpoint::new("held", "SendEmail", When::Before, Action::Hold).times(1));
    let first = invoke(one.clone());
    held.reached().await.unwrap();
    answer(scene.invoke(&[other]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1, "the second account has its mail while the first is in progress");

    let again = invoke(one);
    held.release();
    answer(first.await.unwrap());
    answer(again.await.unwrap());
    assert_eq!(scene.mails().await.unwrap().len(), 2);
    assert_eq!(scene.claims().await.unwrap(), ["done", "done"]);
    assert_eq!(scene.outcomes().duplicate, 1);
}

/// One process serves all invocations: the host starts another process only when it has ended.
#[tokio::test]
async fn the_configured_number_of_invocations_runs_at_once() {
    let variables = [("AWS_LAMBDA_MAX_CONCURRENCY", "4"), ("EFFECT_TIMEOUT_MS", "20000")];
    let scene = Arc::new(Scene::start(FUNCTION, &variables).await.unwrap());
    let invoke = |record: EventRecord| {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move { scene.invoke(&[record]).await })
    };
    let accounts: Vec<_> = created_accounts().unwrap().into_iter().take(3).collect();
    let hold = || scene.stack.faults.arm(Failpoint::new("held", "SendEmail", When::Before, Action::Hold).times(1));
    let held: Vec<_> = accounts.iter().map(|_| hold()).collect();
    let mut invocations: Vec<_> = accounts.iter().cloned().map(invoke).collect();
    for held in &held {
        held.reached().await.unwrap();
    }
    assert_eq!(scene.claims().await.unwrap(), ["held", "held", "held"], "three effects are in progress");
    assert!(scene.mails().await.unwrap().is_empty(), "none has happened");

    // The fourth invocation has the record of the first, which is still in progress, and waits for its claim.
    invocations.push(invoke(accounts[0].clone()));
    held.iter().for_each(local_stack::Armed::release);
    for invocation in invocations {
        answer(invocation.await.unwrap());
    }
    assert_eq!(scene.mails().await.unwrap().len(), 3);
    assert_eq!(scene.claims().await.unwrap(), ["done", "done", "done"]);
    let outcomes = scene.outcomes();
    assert_eq!((outcomes.done, outcomes.duplicate), (3, 1));
}
