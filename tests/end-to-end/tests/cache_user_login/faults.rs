//! Bad records and a table that fails.

use demo::LOGINS_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Answer, EventRecord, Failpoint, Invocation, When};
use recordings::{RegisteredSchema, encode_framed};
use serde_json::{Value, json};

use crate::{FUNCTION, recording, records};

#[tokio::test]
async fn a_put_with_a_lost_answer_counts_as_done() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let lost = scene.stack.faults.arm(Failpoint::new("lost", "PutItem", When::After, Action::Drop).times(1));
    assert!(matches!(scene.invoke(&records()[..1]).await, Invocation::Answered(_)));
    assert_eq!(lost.hits(), 1);
    assert_eq!((scene.outcomes().done, scene.outcomes().duplicate), (1, 0));
}

#[tokio::test]
async fn while_the_table_throttles_records_stay_pending() {
    let scene = Scene::start(FUNCTION, &[("EFFECT_TIMEOUT_MS", "10000")]).await.unwrap();
    let throttle = Failpoint::new("throttled", "PutItem", When::Before, Action::Answer(Answer::THROTTLED));
    let throttled = scene.stack.faults.arm(throttle);
    assert!(matches!(scene.invoke(&records()[..1]).await, Invocation::Failed(_)));
    assert!(scene.outcomes().unfinished.contains_key("table_throttled"), "{:?}", scene.outcomes());
    assert!(scene.dead_letters().await.unwrap().is_empty());
    throttled.disarm();
    assert!(matches!(scene.invoke(&records()[..1]).await, Invocation::Answered(_)));
    assert_eq!(scene.stack.aws.items(LOGINS_TABLE).await.unwrap().len(), 1);
}

/// A recorded change with another document, or without one.
fn with_document(record: &EventRecord, value: &Value, document: Value) -> EventRecord {
    let (id, schema) = schema();
    let mut value = value.clone();
    value["after"] = document;
    let framed = encode_framed(id, &schema.schema, &value).unwrap();
    EventRecord { value: Some(Some(base64_simd::STANDARD.encode_to_string(framed))), ..record.clone() }
}

fn schema() -> (u32, RegisteredSchema) {
    let of_values = |(_, schema): &(u32, RegisteredSchema)| schema.subject == "cdc.mongodb.users.login-value";
    recording().schemas.into_iter().find(of_values).unwrap()
}

#[tokio::test]
async fn a_malformed_document_is_one_dead_letter() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let recording = recording();
    let (record, created) = recording
        .of_topic(crate::TOPIC)
        .zip(records())
        .map(|(recorded, record)| (record, recorded.expected().value.clone()))
        .find(|(_, value)| value["op"] == "c")
        .unwrap();
    let mut updated = created.clone();
    updated["op"] = "u".into();
    updated["source"]["ord"] = json!(99);
    let good = r#"{"userId": "u1","at": {"$date": {"$numberLong": "1768370552971"}},"ip": "192.0.2.7","x": -Infinity}"#;
    let mut batch = vec![
        with_document(&record, &created, json!(r#"{"userId": "secret-user","at": "yesterday"}"#)),
        with_document(&record, &created, json!("{")),
        with_document(&record, &created, Value::Null),
        with_document(&record, &updated, json!(good)),
    ];
    batch.iter_mut().zip(0..).for_each(|(record, offset)| record.offset = offset);
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    let letters = scene.dead_letters().await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter["error"]["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["document_malformed", "document_malformed", "document_missing"]);
    assert!(letters.iter().all(|letter| !letter["error"].to_string().contains("secret-user")));
    assert!(!scene.host.output().contains("secret-user"));
    let items = scene.stack.aws.items(LOGINS_TABLE).await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["ip"]["S"], "192.0.2.7");
    assert_eq!(items[0]["at"]["S"], "2026-01-14T06:02:32.971Z");
}
