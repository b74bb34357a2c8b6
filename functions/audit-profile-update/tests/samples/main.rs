//! Bytes of producers: the sample events, as the type of Lambda's own library, and a record of an earlier version.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use audit_profile_update::function;
use aws_lambda_events::kafka::KafkaEvent;
use event_functions::testing::{Harness, Outcome};
use serde_json::{Value, json};

/// The id that the samples name the schema by.
const SCHEMA_ID: u32 = 0x0c33_81f7;
const SCHEMA: &str = include_str!("../../../../events/schemas/user.profile.updated-value/v1.avsc");

fn test() -> Harness {
    let test = function().test(&[("AUDIT_TABLE", "audit")]);
    test.schema(SCHEMA_ID, SCHEMA);
    test
}

fn sample(name: &str) -> KafkaEvent {
    let path = format!("{}/../../events/samples/audit-profile-update/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_sample_event_has_the_expected_outcome() {
    let test = test();
    for (name, outcome) in [
        ("updated", Outcome::Done),
        ("sent-twice", Outcome::Duplicate),
        ("other-user", Outcome::Done),
        ("conflict", Outcome::DeadLettered("event_conflict")),
        ("without-id", Outcome::DeadLettered("event_malformed")),
    ] {
        assert_eq!(test.deliver(&sample(name)).only(), outcome, "{name}");
    }
    // Two entries, and an item for the id of each.
    assert_eq!(test.items("audit").len(), 4);
}

/// A record that an earlier version of `publish-profile-updates` wrote, with the time of the change as its timestamp.
/// Today the same event has the time at which it was sent.
#[test]
fn the_record_timestamp_does_not_change_the_entry() {
    let recorded: Value = serde_json::from_str(include_str!("../../fixtures/sent-at-its-change.jsonl")).unwrap();
    let event = |offset: i64, timestamp: i64| {
        let mut record = recorded.clone();
        (record["offset"], record["timestamp"], record["timestampType"]) =
            (offset.into(), timestamp.into(), "CREATE_TIME".into());
        json!({"eventSource": "aws:kafka", "records": {"user.profile.updated-1": [record]}})
    };
    let test = test();
    let sent = recorded["timestamp"].as_i64().unwrap();
    assert_eq!(test.deliver(&event(0, sent)).only(), Outcome::Done);
    assert_eq!(test.deliver(&event(77, sent + 86_400_000)).only(), Outcome::Duplicate);
    let entry = test.item("audit", "user#u-1").unwrap();
    // Entries of such events have these keys since the first version.
    assert_eq!(entry["sk"], "2026-11-20T10:00:01.000000Z#37c75139-5b96-5dbc-8d2d-641ef86cf507");
}
