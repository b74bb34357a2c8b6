//! `audit-profile-update`, the real binary: each event has one entry in the log, however often it is delivered.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod conflicts;
mod crashes;
mod duplicates;
mod queries;

use std::collections::BTreeMap;

use local_stack::{EventRecord, schema_id};
use recordings::encode_framed;
use serde_json::{Value, json};

const FUNCTION: &str = "audit-profile-update";
const TOPIC: &str = "user.profile.updated";
const SCHEMA: &str = include_str!("../../../../events/schemas/user.profile.updated-value/v1.avsc");
/// 2026-11-23T08:00:00Z.
const NOON: i64 = 1_795_420_800_000;

/// An update of a user, as a producer writes it, at this offset.
fn update(event_id: &str, user: &str, changed_at_ms: i64, offset: i64) -> EventRecord {
    record(&event(event_id, user, changed_at_ms), offset)
}

fn event(event_id: &str, user: &str, changed_at_ms: i64) -> Value {
    json!({
        "event_id": event_id, "user_id": user, "changed_at": changed_at_ms, "changed_by": "admin-7", "origin": "192.0.2.8",
        "revision": 3, "changes": [
            {"field": "display_name", "before": "Ada", "after": "Ada King"},
            {"field": "phone", "before": "555-0100", "after": null},
        ],
    })
}

fn record(event: &Value, offset: i64) -> EventRecord {
    let base64 = |bytes: &[u8]| Some(Some(base64_simd::STANDARD.encode_to_string(bytes)));
    let header =
        |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.bytes().map(i16::from).collect::<Vec<_>>())]);
    let value = encode_framed(schema_id("user.profile.updated-value", 1), SCHEMA, event).unwrap();
    EventRecord {
        topic: TOPIC.to_owned(),
        partition: 0,
        offset,
        timestamp: NOON,
        timestamp_type: "CREATE_TIME",
        key: base64(event["user_id"].as_str().unwrap().as_bytes()),
        value: base64(&value),
        headers: Some(vec![
            header("ce_id", event["event_id"].as_str().unwrap()),
            header("ce_type", "user.profile.updated"),
        ]),
    }
}

/// The entries of the log, without the items that record the ids.
fn entries(items: Vec<Value>) -> Vec<Value> {
    let mut entries: Vec<_> = items.into_iter().filter(|item| item.get("event_id").is_some()).collect();
    entries.sort_by_key(|entry| entry["sk"]["S"].to_string());
    entries
}
