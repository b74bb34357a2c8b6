//! The sample events of `audit-profile-update`, encoded by the schema in the repository.

use std::collections::BTreeMap;

use local_stack::{EventRecord, Origin, event, schema_id};
use recordings::{EncodeError, encode_framed};
use serde_json::{Value, json};

use crate::sample::{Sample, readable};

pub(super) const TOPIC: &str = "user.profile.updated";
const SUBJECT: &str = "user.profile.updated-value";
const SCHEMA: &str = include_str!("../../../../../events/schemas/user.profile.updated-value/v1.avsc");
/// When all of them happened, in milliseconds since 1970 and as `ce_time` has it.
const CHANGED_AT: i64 = 1_795_420_800_000;
const CHANGED_AT_TEXT: &str = "2026-11-23T08:00:00Z";
/// When the first was sent.
const SENT_AT: i64 = CHANGED_AT + 300_000;

/// Makes all samples.
///
/// # Errors
/// When an event does not have the schema's shape.
pub(crate) fn samples() -> Result<Vec<Sample>, EncodeError> {
    let renamed = json!({"field": "display_name", "before": "Ada", "after": "Ada King"});
    let phone_removed = json!({"field": "phone", "before": "555-0100", "after": null});
    let first = profile("0192f3c4-0001", "u-1001", json!([renamed, phone_removed]));
    let other_user = profile("0192f3c4-0002", "u-1002", json!([phone_removed]));
    let conflict = profile("0192f3c4-0001", "u-1001", json!([phone_removed]));
    let without_id = profile("", "u-1001", json!([renamed]));
    [
        ("updated", &first, 40),
        // A producer that got no answer sends again: the same event at another offset.
        ("sent-twice", &first, 41),
        ("other-user", &other_user, 42),
        ("conflict", &conflict, 43),
        ("without-id", &without_id, 44),
    ]
    .into_iter()
    .map(|(name, profile, offset)| {
        let event = event(Origin::Msk, &[record(profile, offset)?]);
        Ok((format!("{name}.json"), readable(&event)))
    })
    .collect()
}

fn profile(event_id: &str, user: &str, changes: Value) -> Value {
    json!({
        "event_id": event_id, "user_id": user, "changed_at": CHANGED_AT, "changed_by": user, "origin": "192.0.2.8",
        "revision": 3, "changes": changes,
    })
}

fn record(profile: &Value, offset: i64) -> Result<EventRecord, EncodeError> {
    let text = |name: &str| profile[name].as_str().unwrap_or_default();
    let base64 = |bytes: &[u8]| Some(Some(base64_simd::STANDARD.encode_to_string(bytes)));
    let header = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.bytes().map(i16::from).collect())]);
    let value = encode_framed(schema_id(SUBJECT, 1), SCHEMA, profile)?;
    Ok(EventRecord {
        topic: TOPIC.to_owned(),
        partition: 0,
        offset,
        timestamp: SENT_AT + offset,
        timestamp_type: "CREATE_TIME",
        key: base64(text("user_id").as_bytes()),
        value: base64(&value),
        headers: Some(vec![
            header("ce_id", text("event_id")),
            header("ce_type", TOPIC),
            header("ce_source", "/profiles"),
            header("ce_time", CHANGED_AT_TEXT),
            header("ce_specversion", "1.0"),
        ]),
    })
}
