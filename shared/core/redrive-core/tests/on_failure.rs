//! Documents as each destination receives them, and other input.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use redrive_core::on_failure::{Condition, OnFailureDocument, OnFailureError};
use serde_json::{Value, json};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/samples")
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(events().join("on-failure").join(name)).unwrap()
}

fn read(document: &Value) -> OnFailureDocument {
    OnFailureDocument::read(document.to_string().as_bytes()).unwrap()
}

/// The one record of the sample event that documents with a payload hold.
fn the_record() -> Value {
    let event = std::fs::read(events().join("send-welcome-email/created.json")).unwrap();
    let event: Value = serde_json::from_slice(&event).unwrap();
    event["records"].as_object().unwrap().values().next().unwrap()[0].clone()
}

#[test]
fn sqs_receives_the_offsets_of_the_batch() {
    let document = OnFailureDocument::read(&sample("sqs.json")).unwrap();
    assert_eq!(document.condition, Condition::RetriesExhausted);
    assert_eq!(document.function_name(), Some("send-welcome-email"));
    assert_eq!((document.invoke_count, document.batch.size), (Some(11), Some(18)));
    assert_eq!(document.response.as_ref().unwrap().function_error.as_deref(), Some("Unhandled"));
    let partitions: Vec<_> = document
        .batch
        .partitions
        .iter()
        .map(|(name, range)| (name.rsplit_once('-').unwrap().1, range.first_offset, range.last_offset))
        .collect();
    assert_eq!(partitions, [("0", Some(100), Some(116)), ("1", Some(7), Some(7))]);
    assert!(document.records().unwrap().is_none());
}

#[test]
fn a_null_response_and_a_missing_cluster_arn_are_read() {
    let document = OnFailureDocument::read(&sample("sqs-self-managed-too-large.json")).unwrap();
    assert_eq!(document.condition, Condition::PayloadTooLarge);
    assert_eq!((document.response, document.batch.event_source_arn), (None, None));
    assert!(document.batch.bootstrap_servers.is_some());
}

#[test]
fn a_document_inside_an_sns_notification_is_read() {
    let document = OnFailureDocument::read(&sample("sns.json")).unwrap();
    assert_eq!(document.condition, Condition::RetriesExhausted);
    assert_eq!(document.batch.partitions.len(), 1);
}

#[test]
fn s3_and_a_topic_hold_the_records_byte_for_byte() {
    for name in ["s3.json", "kafka-topic.json", "kafka-topic-bare-record.json"] {
        let records = OnFailureDocument::read(&sample(name)).unwrap().records().unwrap().unwrap();
        let [record] = records.records.as_slice() else { panic!("{name}: {} records", records.records.len()) };
        let expected = the_record();
        assert_eq!(serde_json::from_str::<Value>(&record.json).unwrap(), expected, "{name}");
        assert_eq!(record.topic.as_deref(), expected["topic"].as_str(), "{name}");
        assert_eq!((record.partition, record.offset), (expected["partition"].as_i64(), expected["offset"].as_i64()));
        assert_eq!(
            record.topic_partition,
            format!("{}-{}", record.topic.as_deref().unwrap(), record.partition.unwrap())
        );
        assert!(records.event_source_arn.is_some(), "{name}");
    }
}

#[test]
fn each_payload_becomes_the_event_that_failed() {
    let event = std::fs::read(events().join("send-welcome-email/created.json")).unwrap();
    let expected: Value = serde_json::from_slice(&event).unwrap();
    for name in ["s3.json", "kafka-topic.json", "kafka-topic-bare-record.json"] {
        let event = OnFailureDocument::read(&sample(name)).unwrap().event().unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&event).unwrap(), expected, "{name}");
    }
    assert!(OnFailureDocument::read(&sample("sqs.json")).unwrap().event().unwrap().is_none());
}

#[test]
fn both_spellings_of_a_condition_are_read_and_unknown_ones_kept() {
    let mut document: Value = serde_json::from_slice(&sample("sqs.json")).unwrap();
    for (text, condition) in [
        ("RetryAttemptsExhausted", Condition::RetriesExhausted),
        ("RetriesExhausted", Condition::RetriesExhausted),
        ("MaximumPayloadSizeExceeded", Condition::PayloadTooLarge),
        ("SCHEMA_NOT_FOUND", Condition::SchemaNotFound),
        ("DESERIALIZATION_ERROR", Condition::Undecodable),
        ("EventAgeExceeded", Condition::Other("EventAgeExceeded".to_owned())),
    ] {
        document["requestContext"]["condition"] = text.into();
        assert_eq!(read(&document).condition, condition);
    }
}

#[test]
fn other_json_is_refused_and_not_quoted() {
    for (foreign, reason) in [
        (r#"{"requestContext":{}}"#, "KafkaBatchInfo"),
        (r#"{"version":1,"id":"0123"}"#, "requestContext"),
        (r#"{"requestContext":"secret"}"#, "another type"),
        ("[secret", "broken JSON"),
        ("{", "ends early"),
    ] {
        let error = OnFailureDocument::read(foreign.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains("secret"), "{foreign}: {error}");
    }
    let mut document: Value = serde_json::from_slice(&sample("sqs.json")).unwrap();
    for payload in [json!("secret"), json!(7), json!({"records": ["secret"]}), json!({"topic": "t", "offset": 1})] {
        document["payload"] = payload.clone();
        let error = read(&document).records().unwrap_err();
        assert!(matches!(error, OnFailureError::Payload(_)) && !error.to_string().contains("secret"), "{payload}");
    }
}

#[test]
fn an_unreadable_record_is_kept_in_its_partition() {
    let mut document: Value = serde_json::from_slice(&sample("s3.json")).unwrap();
    document["payload"] = json!({"records": {"t-0": [7, {"topic": "t", "partition": 0, "offset": "8"}]}});
    let records = read(&document).records().unwrap().unwrap().records;
    assert_eq!((records[0].topic_partition.as_str(), records[0].json.as_str(), records[0].offset), ("t-0", "7", None));
    assert_eq!((records[1].topic.as_deref(), records[1].partition, records[1].offset), (Some("t"), Some(0), Some(8)));
}

/// The same JSON with numbers as text, and unknown members.
fn disguised(value: &Value, choose: &mut impl FnMut() -> bool) -> Value {
    match value {
        Value::Number(number) if choose() => number.to_string().into(),
        Value::String(text) if text.parse::<i64>().is_ok() && choose() => json!(text.parse::<i64>().unwrap()),
        Value::Object(members) => {
            let mut members: serde_json::Map<_, _> =
                members.iter().map(|(name, value)| (name.clone(), disguised(value, choose))).collect();
            // Not among partitions, where a new member is a new partition.
            if choose() && !members.values().any(|value| value.get("firstRecordOffset").is_some()) {
                members.insert("somethingNew".to_owned(), json!({"deep": [1, null]}));
            }
            Value::Object(members)
        }
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn numbers_as_text_and_unknown_members_change_nothing(choices in prop::collection::vec(any::<bool>(), 64)) {
        for name in ["sqs.json", "sqs-self-managed-too-large.json", "s3.json"] {
            let plain: Value = serde_json::from_slice(&sample(name)).unwrap();
            let mut choices = choices.iter().copied().cycle();
            let other = disguised(&plain, &mut || choices.next().unwrap());
            let (plain, other) = (read(&plain), read(&other));
            prop_assert_eq!(&plain.batch, &other.batch);
            prop_assert_eq!(plain.response, other.response);
            prop_assert_eq!(plain.invoke_count, other.invoke_count);
        }
    }

    #[test]
    fn random_bytes_do_not_panic(
        name in prop::sample::select(vec!["sqs.json", "sns.json", "s3.json", "kafka-topic.json"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 0..12),
    ) {
        let mut bytes = sample(name);
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Ok(document) = OnFailureDocument::read(&bytes) {
            let _ = (document.function_name().map(str::len), document.condition.code(), document.records());
        }
    }

    #[test]
    fn random_text_is_refused(text in ".{0,64}") {
        prop_assert!(OnFailureDocument::read(text.as_bytes()).is_err());
    }
}
