//! The sample event of each template has its effect once: the real binary against an emulator.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use end_to_end::{Scene, sample};
use local_stack::{Invocation, Target};
use serde_json::Value;

/// Delivers the sample twice; what is in the table of that name then.
async fn delivered_twice(template: &str, name: &str) -> Vec<Value> {
    let scene = Scene::start(template, &[]).await.unwrap();
    for _ in 0..2 {
        let answer = scene.host.invoke(sample(template, name).unwrap().into()).await;
        assert!(matches!(answer, Invocation::Answered(_)), "{answer:?}\n{}", scene.host.output());
    }
    assert_eq!((scene.outcomes().done, scene.outcomes().duplicate), (1, 1));
    assert!(scene.dead_letters().await.unwrap().is_empty());
    scene.stack.aws.items(template).await.unwrap()
}

#[tokio::test]
async fn an_inserted_row_is_kept_once() {
    assert_eq!(delivered_twice("template-rows", "created").await.len(), 1);
}

#[tokio::test]
async fn an_inserted_document_is_kept_once() {
    assert_eq!(delivered_twice("template-documents", "created").await.len(), 1);
}

#[tokio::test]
async fn an_event_is_appended_once() {
    // The entry, and the item that holds the event's id.
    let items = delivered_twice("template-events", "example").await;
    assert_eq!(items.len(), 2);
    // The time of the event, not the later time of sending.
    let time = "2026-11-26T08:00:00.000000Z#";
    assert!(items.iter().any(|item| item["sk"]["S"].as_str().is_some_and(|sort| sort.starts_with(time))), "{items:?}");
}
