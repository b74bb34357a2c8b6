//! The sample event has its effect once: the real binary against an emulator.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::time::Duration;

use local_stack::{Function, Invocation, LambdaHost, Outcomes, Stack, Target, Workspace, repository_schemas};

const NAME: &str = env!("CARGO_PKG_NAME");
const TABLE: &str = "template-rows";

#[tokio::test]
async fn an_inserted_row_is_kept_once() {
    let workspace = Workspace::find().unwrap();
    let stack = Stack::start(&workspace, repository_schemas(&workspace).unwrap()).await.unwrap();
    let log = workspace.local(format!("logs/{NAME}-test-{}.log", std::process::id()));
    let host = LambdaHost::new(Function {
        name: NAME.to_owned(),
        binary: env!("CARGO_BIN_EXE_template-rows").into(),
        environment: stack.environment(),
        timeout: Duration::from_secs(30),
        log,
    });
    let event = std::fs::read(workspace.root().join(format!("events/samples/{NAME}/created.json"))).unwrap();
    for _ in 0..2 {
        let answer = host.invoke(event.clone().into()).await;
        assert!(matches!(answer, Invocation::Answered(_)), "{answer:?}\n{}", host.output());
    }
    let outcomes = Outcomes::read(&host.output(), NAME);
    assert_eq!((outcomes.done, outcomes.duplicate), (1, 1));
    assert_eq!(stack.aws.items(TABLE).await.unwrap().len(), 1);
    assert!(stack.dead_letters().await.unwrap().is_empty());
}
