//! The letters' format against its JSON Schema.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use event_runtime::testing::sample_letter;
use event_runtime::{DeadLetter, LETTER_VERSION, LetterId, ObjectAddress, Place, RawBytes, Redriven, StoredLetter};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../dead-letter.schema.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn apart(letter: DeadLetter) -> StoredLetter {
    let object = ObjectAddress { bucket: "letters".into(), key: "dead-letters/f/id.json".into(), bytes: 2_000_000 };
    StoredLetter { letter: DeadLetter { raw: RawBytes::default(), ..letter }, raw_in: Some(object) }
}

/// A letter with every field.
fn full() -> DeadLetter {
    let sample = sample_letter("orders", 7);
    DeadLetter {
        bootstrap_servers: Some("b-1:9098,b-2:9098".into()),
        value_schema: Some("glue:00000000-0000-4000-8000-000000000000".into()),
        claim: Some("welcome:5".into()),
        raw: RawBytes {
            value: Some("AAE=".into()),
            headers_json: Some("bnVsbA==".into()),
            json: Some("e30=".into()),
            item: Some("e30=".into()),
            key_schema_metadata: Some("e30=".into()),
            value_schema_metadata: Some("e30=".into()),
            ..sample.raw.clone()
        },
        redriven: Some(Redriven { attempts: 2, last_at_ms: 1_795_421_400_000, last_error: "still not".into() }),
        ..sample
    }
}

#[test]
fn letters_are_valid_by_the_schema() {
    let schema = schema();
    let unread = DeadLetter { place: Place { offset: None, ..full().place }, ..full() };
    for letter in [sample_letter("orders", 7), full(), unread] {
        let json = serde_json::to_value(&letter).unwrap();
        schema.validate(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(json["version"], LETTER_VERSION, "another version needs another schema");
        let json = serde_json::to_value(apart(letter.clone())).unwrap();
        schema.validate(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(StoredLetter::read(&json.to_string()).unwrap(), apart(letter));
    }
}

#[test]
fn the_schema_has_exactly_the_fields_of_a_letter() {
    fn compare(schema: &Value, json: &Value, at: &str) {
        let fields: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
        let mut written: Vec<_> = json.as_object().unwrap().keys().collect();
        written.sort();
        let mut known = fields.clone();
        known.sort();
        assert_eq!(written, known, "{at}");
    }
    let schema: Value = serde_json::from_str(include_str!("../dead-letter.schema.json")).unwrap();
    let json = serde_json::to_value(StoredLetter { letter: full(), ..apart(full()) }).unwrap();
    compare(&schema, &json, "letter");
    for part in ["error", "given_up_by", "redriven", "raw_in"] {
        compare(&schema["properties"][part], &json[part], part);
    }
    compare(&schema["$defs"]["raw"], &json["raw"], "raw");
}

#[test]
fn the_schema_refuses_wrong_values() {
    let schema = schema();
    let good = serde_json::to_value(full()).unwrap();
    let broken: [(&str, Value); 6] = [
        ("/version", json!(2)),
        ("/id", json!("7")),
        ("/offset", json!("7")),
        ("/error/stage", json!("lunch")),
        ("/redriven/attempts", json!(0)),
        ("/raw/headers", json!([["name"]])),
    ];
    for (at, value) in broken {
        let mut bad = good.clone();
        *bad.pointer_mut(at).unwrap() = value;
        assert!(!schema.is_valid(&bad), "{at}");
    }
}

/// The schema describes how to compute the id.
#[test]
fn the_id_is_the_hash_that_the_schema_describes() {
    let place = Place {
        topic_partition: "t-1".into(),
        topic: "t".into(),
        partition: 1,
        offset: Some(2),
        timestamp: 3,
        index: 0,
    };
    // Computed by another program from that description.
    assert_eq!(LetterId::of("f", "c", &place).as_str(), "076b3063e00189ceccb8581598e5c6cb");
}

proptest! {
    #[test]
    fn a_different_place_has_a_different_id(
        function in "[a-z]{1,3}", source in "[a-z]{0,3}", topic in "[a-z]{1,3}",
        partition in 0..3i32, offset in 0..3i64, timestamp in -1..2i64,
        other in (("[a-z]{1,3}", "[a-z]{0,3}", "[a-z]{1,3}"), 0..3i32, 0..3i64, -1..2i64),
    ) {
        let id = |function: &str, source: &str, topic: &str, partition: i32, offset: i64, timestamp: i64| {
            let topic_partition = format!("{topic}-{partition}");
            let place = Place { topic_partition, topic: topic.to_owned(), partition, offset: Some(offset), timestamp, index: 0 };
            LetterId::of(function, source, &place)
        };
        let ((f, s, t), p, o, at) = other;
        let same = (&function, &source, &topic, partition, offset, timestamp) == (&f, &s, &t, p, o, at);
        prop_assert_eq!(id(&function, &source, &topic, partition, offset, timestamp) == id(&f, &s, &t, p, o, at), same);
    }
}
