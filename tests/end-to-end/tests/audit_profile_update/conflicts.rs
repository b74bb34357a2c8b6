//! Event ids that come with other content, or not at all.

use demo::AUDIT_TABLE;
use end_to_end::Scene;
use local_stack::Invocation;
use serde_json::json;

use crate::{FUNCTION, NOON, event, record, update};

#[tokio::test]
async fn an_event_id_with_other_content_is_dead_lettered() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    assert!(matches!(scene.invoke(&[update("e1", "u1", NOON, 0)]).await, Invocation::Answered(_)));
    let before = scene.stack.aws.items(AUDIT_TABLE).await.unwrap();
    let mut other_value = event("e1", "u1", NOON);
    other_value["changes"][0]["after"] = json!("Eve Secret");
    let mut other_revision = event("e1", "u1", NOON);
    other_revision["revision"] = json!(4);
    let batch = [
        update("e1", "u1", NOON + 1, 1),
        update("e1", "u2", NOON, 2),
        record(&other_value, 3),
        record(&other_revision, 4),
        update("e2", "u1", NOON, 5),
    ];
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    let letters = scene.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 4);
    assert!(letters.iter().all(|letter| letter["error"]["code"] == "event_conflict"), "{letters:?}");
    assert_eq!(scene.outcomes().dead_lettered["event_conflict"], 4);
    // The event behind them is recorded, and the first entry is unchanged.
    let after = scene.stack.aws.items(AUDIT_TABLE).await.unwrap();
    assert_eq!(after.len(), before.len() + 2);
    assert!(before.iter().all(|item| after.contains(item)));
    assert!(!scene.host.output().contains("Eve Secret"));
}

#[tokio::test]
async fn an_event_without_a_consistent_id_is_dead_lettered() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let mut renamed = update("e1", "u1", NOON, 0);
    renamed.headers = update("e2", "u1", NOON, 0).headers;
    let mut without_headers = update("e3", "u1", NOON, 2);
    without_headers.headers = None;
    let batch = [renamed, update("", "u1", NOON, 1), without_headers];
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    let mut codes: Vec<_> = scene.outcomes().dead_lettered.into_keys().collect();
    codes.sort();
    assert_eq!(codes, ["event_ids_differ", "event_malformed"]);
    assert_eq!(scene.outcomes().done, 1);
}
