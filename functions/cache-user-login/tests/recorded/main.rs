//! What a connector wrote: the recorded logins, the connector's other records, and every mode of extended JSON.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aws_lambda_events::kafka::KafkaEvent;
use cache_user_login::function;
use event_functions::testing::{Harness, Outcome, Recorded};
use serde_json::Value;

fn recording() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/recorded/mongodb-logins"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(recording().join(name)).unwrap()).unwrap()
}

fn test() -> Harness {
    function().test(&[("LOGINS_TABLE", "logins")])
}

/// The registry has the schemas that the recorded records name.
fn test_with_schemas() -> Harness {
    let test = test();
    for (id, schema) in json("schemas.json").as_object().unwrap() {
        test.schema(id.parse().unwrap(), schema["schema"].as_str().unwrap());
    }
    test
}

#[test]
fn the_recorded_changes_leave_the_documents_of_the_collection() {
    let test = test();
    let delivered = test.deliver_recorded(&Recorded::in_folder(recording()));
    assert_eq!(
        (delivered.count(Outcome::Skipped("heartbeat")), delivered.count(Outcome::Skipped("transaction"))),
        (6, 2)
    );
    assert!(test.letters().is_empty() && delivered.count(Outcome::Done) > 100, "{delivered:?}");
    let (deleted, logins): (Vec<_>, Vec<_>) =
        test.items("logins").into_iter().partition(|item| item.get("deleted_at").is_some());
    let pairs = logins.iter().map(|item| (item["pk"].as_str().unwrap(), [&item["user"], &item["ip"]]));
    let stored: BTreeMap<_, _> = pairs.collect();
    let documents = json("final_state.json");
    let pairs = documents.as_object().unwrap().iter();
    let expected: BTreeMap<_, _> = pairs.map(|(id, of)| (id.as_str(), [&of["userId"], &of["ip"]])).collect();
    assert_eq!(stored, expected);
    assert!(deleted.iter().all(|item| item.get("user").is_none()), "the index must not contain them");
}

#[test]
fn events_of_lambdas_own_type_have_their_effect_once() {
    let (test, recorded) = (test_with_schemas(), test());
    recorded.deliver_recorded(&Recorded::in_folder(recording()));
    for name in ["event.json", "event-0002.json"] {
        let event: KafkaEvent = serde_json::from_value(json(name)).unwrap();
        assert!(test.deliver(&event).count(Outcome::Done) > 0);
        assert_eq!(test.deliver(&event).count(Outcome::Done), 0);
    }
    assert_eq!(keys(&test), keys(&recorded));
    assert!(test.letters().is_empty());
}

fn keys(test: &Harness) -> BTreeSet<String> {
    test.items("logins").iter().map(|item| item["pk"].to_string()).collect()
}

#[test]
fn a_switch_of_the_json_mode_splits_neither_documents_nor_users() {
    let event: Value = serde_json::from_slice(include_bytes!("json-modes.event.json")).unwrap();
    // The document 7 of the user 42, a 64-bit number, in the modes legacy, extended and relaxed.
    for mode in 0..3 {
        let test = test_with_schemas();
        let mut event = event.clone();
        let records = event["records"]["cdc.mongodb.users.login-0"].as_array_mut().unwrap();
        records.swap(0, mode);
        records.truncate(1);
        assert_eq!(test.deliver(&event).only(), Outcome::Done);
        let item = test.item("logins", "7").unwrap();
        assert_eq!(item["user"], "42", "{mode}");
    }
}

/// A record's key as the connector writes it: a record of one text.
fn framed_key(id: &str) -> Value {
    let mut framed = vec![0, 0, 1, 0x86, 0xab];
    let length = u8::try_from(id.len() * 2 % 128).unwrap();
    // The length in one or two groups of seven bits.
    match id.len() * 2 / 128 {
        0 => framed.push(length),
        high => framed.extend([length | 0x80, u8::try_from(high).unwrap()]),
    }
    framed.extend(id.bytes());
    base64_simd::STANDARD.encode_to_string(framed).into()
}

#[test]
fn a_key_without_an_id_is_a_dead_letter() {
    let test = test_with_schemas();
    let event: Value = serde_json::from_slice(include_bytes!("json-modes.event.json")).unwrap();
    let longest = "x".repeat(2046);
    let too_long = format!("{longest}x");
    for (key, outcome) in [
        (Value::Null, Outcome::DeadLettered("key_missing")),
        (framed_key(&json_text(&too_long)), Outcome::DeadLettered("key_missing")),
        (framed_key("{"), Outcome::DeadLettered("key_malformed")),
        (framed_key(&json_text(&longest)), Outcome::Done),
    ] {
        let mut event = event.clone();
        let records = event["records"]["cdc.mongodb.users.login-0"].as_array_mut().unwrap();
        records.truncate(1);
        records[0]["key"] = key;
        assert_eq!(test.deliver(&event).only(), outcome);
    }
}

fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}
