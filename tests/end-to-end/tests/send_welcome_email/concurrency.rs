//! Several invocations at a time in one process, as Lambda Managed Instances send them.

use std::sync::Arc;

use end_to_end::{Scene, created_accounts};
use local_stack::{Action, EventRecord, Failpoint, When};

use crate::{FUNCTION, answer};

#[tokio::test]
async fn invocations_that_run_side_by_side_mail_each_account_once() {
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
    assert_eq!(scene.mails().await.unwrap().len(), 1, "the other's, while the first is still at it");

    let again = invoke(one);
    held.release();
    answer(first.await.unwrap());
    answer(again.await.unwrap());
    assert_eq!(scene.mails().await.unwrap().len(), 2);
    assert_eq!(scene.claims().await.unwrap(), ["done", "done"]);
    assert_eq!(scene.outcomes().duplicate, 1);
}
