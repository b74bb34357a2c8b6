//! The schema of the events: registered beforehand or by the function itself, and with references to other subjects.

use std::collections::BTreeMap;

use demo::profile_change;
use local_stack::{Invocation, Target, Workspace};
use recordings::RegisteredSchema;
use serde_json::{Value, json};

use crate::stage::{Published, Stage};

const SUBJECT: &str = "user.profile.updated-value";

fn ours() -> String {
    let path = Workspace::find().unwrap().root().join("events/schemas").join(SUBJECT).join("v1.avsc");
    std::fs::read_to_string(path).unwrap()
}

async fn beside(schemas: BTreeMap<u32, RegisteredSchema>, variables: &[(&str, &str)]) -> Stage {
    Stage::beside(schemas, vec![profile_change(1, "u-1", 1)], variables).await
}

async fn failure(stage: &Stage) -> Value {
    match stage.scene.host.invoke("{}".into()).await {
        Invocation::Failed(error) => serde_json::from_slice(&error).unwrap(),
        other => panic!("{other:?}: {}", stage.scene.host.output()),
    }
}

/// The registry's answer at a path.
async fn registry(stage: &Stage, path: &str) -> Value {
    let url = format!("{}{path}", stage.scene.stack.registry.url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn by_default_a_missing_schema_stops_the_run() {
    let stage = beside(BTreeMap::new(), &[]).await;
    let error = failure(&stage).await;
    assert_eq!(error["errorType"], "version_not_found", "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains("register it before the producer runs"), "{error}");
    assert_eq!(registry(&stage, "/subjects").await, json!([]));
    assert!(stage.published().await.is_empty() && stage.item().await.get("cursor").is_none());
}

#[tokio::test]
async fn auto_registration_registers_the_schema_once() {
    let stage = beside(BTreeMap::new(), &[("AUTO_REGISTER_SCHEMAS", "true")]).await;
    assert_eq!(stage.run().await["published"], 1);
    let latest = registry(&stage, &format!("/subjects/{SUBJECT}/versions/latest")).await;
    assert_eq!(latest["schema"], ours());

    stage.scene.host.kill().await;
    stage.api.push(profile_change(2, "u-1", 2));
    assert_eq!(stage.run().await["published"], 1);
    assert_eq!(
        registry(&stage, &format!("/subjects/{SUBJECT}/versions")).await,
        json!([1]),
        "it is not registered a second time"
    );
    assert_eq!(stage.assert_all_published(2).await.len(), 2);
}

#[tokio::test]
async fn auto_registration_respects_the_compatibility_level() {
    let other = r#"{"type": "record", "name": "UserProfileUpdated", "namespace": "user.profile",
        "fields": [{"name": "event_id", "type": "long"}]}"#;
    let stage = beside(BTreeMap::from([(7, schema(SUBJECT, other))]), &[("AUTO_REGISTER_SCHEMAS", "true")]).await;
    let level = format!("{}/config/{SUBJECT}", stage.scene.stack.registry.url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let set = http.put(level).json(&json!({"compatibility": "BACKWARD"})).send().await.unwrap();
    assert!(set.status().is_success(), "{set:?}");
    let error = failure(&stage).await;
    assert_eq!(error["errorType"], "schema_incompatible", "{error}");
    assert!(stage.published().await.is_empty());
}

#[tokio::test]
async fn a_schema_with_a_reference_writes_the_same_bytes() {
    let (changes, event) = in_two_subjects();
    let schemas = BTreeMap::from([(7, changes), (8, event)]);
    let stage = beside(schemas, &[]).await;
    assert_eq!(stage.run().await["published"], 1);
    let whole = beside(BTreeMap::from([(9, schema(SUBJECT, &ours()))]), &[]).await;
    assert_eq!(whole.run().await["published"], 1);
    assert_eq!(body(&stage.published().await[0]), body(&whole.published().await[0]));
}

#[tokio::test]
async fn a_schema_with_a_missing_reference_stops_the_run() {
    let (_, event) = in_two_subjects();
    let stage = beside(BTreeMap::from([(8, RegisteredSchema { references: Vec::new(), ..event })]), &[]).await;
    let error = failure(&stage).await;
    assert_eq!(error["errorType"], "schema_unwritable", "{error}");
    let text = error["errorMessage"].as_str().unwrap();
    assert!(text.contains(SUBJECT) && text.contains("user.profile.FieldChange"), "{text}");
    assert!(stage.published().await.is_empty());
}

fn schema(subject: &str, text: &str) -> RegisteredSchema {
    RegisteredSchema { subject: subject.to_owned(), version: 1, schema: text.to_owned(), references: Vec::new() }
}

/// The schema of a field's change, and the schema of the event, which refers to it.
fn in_two_subjects() -> (RegisteredSchema, RegisteredSchema) {
    let mut event: Value = serde_json::from_str(&ours()).unwrap();
    let items = &mut event["fields"].as_array_mut().unwrap().last_mut().unwrap()["type"]["items"];
    let mut change = std::mem::replace(items, json!("user.profile.FieldChange"));
    change["namespace"] = json!("user.profile");
    let reference = json!({"name": "user.profile.FieldChange", "subject": "user.profile.field-change", "version": 1});
    let event = RegisteredSchema { references: vec![reference], ..schema(SUBJECT, &event.to_string()) };
    (schema("user.profile.field-change", &change.to_string()), event)
}

/// The value without its frame.
fn body(published: &Published) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(&published.value).unwrap()[5..].to_vec()
}
