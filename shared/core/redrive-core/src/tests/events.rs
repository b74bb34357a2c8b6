//! Letters as events: the function reads the record that it dead-lettered, unchanged.

use event_runtime::{DeadLetter, RawBytes};
use kafka_events::{Entry, Event, Record};
use proptest::prelude::*;
use serde_json::Value;

use super::stage::letter;
use crate::redrive_event::redrive_event;

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn decoded(text: &str) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(text).unwrap()
}

fn the_record<'a>(event: &'a Event<'_>) -> &'a Record<'a> {
    match event.partitions[0].records.as_slice() {
        [Entry::Record(record)] => record,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn coordinates_and_bytes_are_unchanged(
        topic in "\\PC{1,12}", topic_partition in "\\PC{1,12}", partition in 0..i32::MAX, offset in 0..i64::MAX,
        timestamp in -1..i64::MAX, key in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        value in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        headers in prop::collection::vec(("\\PC{0,8}", prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 0..5),
        arn in prop::option::of("[a-z:]{1,20}"), servers in prop::option::of("[a-z:,]{1,20}"), attempt in 1..9u32,
    ) {
        let mut letter = DeadLetter { event_source_arn: arn.clone(), bootstrap_servers: servers.clone(), ..letter(1) };
        letter.place.topic = topic.clone();
        letter.place.topic_partition = topic_partition.clone();
        letter.place.partition = partition;
        letter.place.offset = Some(offset);
        letter.place.timestamp = timestamp;
        letter.raw = RawBytes {
            key: key.as_deref().map(base64),
            value: value.as_deref().map(base64),
            headers: headers.iter().map(|(name, value)| (name.clone(), value.as_deref().map(base64))).collect(),
            key_schema_metadata: Some(base64(br#"{"schemaId":"7"}"#)),
            ..RawBytes::default()
        };
        let body = redrive_event(&letter, attempt).unwrap();
        let event = Event::scan(&body).unwrap();
        prop_assert_eq!(event.source.as_str(), letter.event_source.as_str());
        prop_assert_eq!(event.source_arn.as_deref(), arn.as_deref());
        prop_assert_eq!(event.bootstrap_servers.as_deref(), servers.as_deref());
        let redrive = event.redrive.as_ref().unwrap();
        let redriven = letter.id.uncertain();
        prop_assert_eq!((&*redrive.letter_id, redrive.attempt), (redriven.as_str(), attempt));
        prop_assert_eq!(&*event.partitions[0].name, topic_partition.as_str());
        let record = the_record(&event);
        prop_assert_eq!((&*record.topic, record.partition, record.offset), (topic.as_str(), partition, offset));
        prop_assert_eq!(record.timestamp, timestamp);
        prop_assert_eq!(record.key.as_ref().map(|key| decoded(&key.raw())), key);
        prop_assert_eq!(record.value.as_ref().map(|value| decoded(&value.raw())), value);
        let read: Vec<_> =
            record.headers.iter().map(|header| header.unwrap()).map(|it| (it.name.into_owned(), it.value)).collect();
        prop_assert_eq!(read, headers);
        let metadata = record.key_schema.as_ref().unwrap();
        let id = metadata.schema_id().unwrap();
        prop_assert_eq!(id.as_deref(), Some("7"));
        prop_assert!(record.value_schema.is_none());
    }
}

#[test]
fn an_item_is_sent_unchanged_with_the_mark_and_without_records() {
    let mut letter = letter(1);
    letter.event_source = "profile-api".to_owned();
    letter.event_source_arn = None;
    letter.place.offset = None;
    letter.raw = RawBytes { item: Some(base64(br#"{"id": "chg-1", "new": 1.50}"#)), ..RawBytes::default() };
    let event = String::from_utf8(redrive_event(&letter, 2).unwrap()).unwrap();
    let mark = letter.id.uncertain();
    let expected = format!(
        r#"{{"redrive":{{"letterId":"{mark}","attempt":2}},"eventSource":"profile-api","item":{{"id": "chg-1", "new": 1.50}}}}"#
    );
    assert_eq!(event, expected);

    letter.raw.item = Some("not base64!".to_owned());
    assert!(redrive_event(&letter, 1).unwrap_err().to_string().contains("`item`"));
}

#[test]
fn an_unreadable_record_is_sent_unchanged() {
    let mut letter = letter(1);
    letter.place.offset = None;
    letter.raw = RawBytes { json: Some(base64(br#"{"topic": "orders", "offset": "odd"}"#)), ..RawBytes::default() };
    let event: Value = serde_json::from_slice(&redrive_event(&letter, 1).unwrap()).unwrap();
    assert_eq!(event["records"]["orders-0"], serde_json::json!([{"topic": "orders", "offset": "odd"}]));

    letter.raw = RawBytes {
        headers_json: Some(base64(br#"{"odd": 1}"#)),
        key: Some("not base64!".into()),
        ..RawBytes::default()
    };
    assert!(redrive_event(&letter, 1).is_err(), "without an offset there is no record");
    letter.place.offset = Some(3);
    let event: Value = serde_json::from_slice(&redrive_event(&letter, 1).unwrap()).unwrap();
    let record = &event["records"]["orders-0"][0];
    assert_eq!((&record["headers"], &record["key"]), (&serde_json::json!({"odd": 1}), &"not base64!".into()));
}
