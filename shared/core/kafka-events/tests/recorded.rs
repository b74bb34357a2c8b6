//! The recorded events, each record against the log that it was made from.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};
use std::fs;

use kafka_events::{Entry, Event, Header};
use recordings::{Record, Recording, folder_of};

#[test]
fn recorded_events_scan_to_the_recorded_log() {
    for recording in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
        let log = Recording::of_repository(recording).unwrap().records.into_iter();
        let mut expected: Expected =
            log.map(|record| ((record.topic.clone(), record.partition, record.offset), record)).collect();
        for file in fs::read_dir(folder_of(recording)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if name.starts_with("event") && name.ends_with(".json") {
                scan_and_take(&fs::read(&path).unwrap(), &mut expected);
            }
        }
        assert!(expected.is_empty(), "{recording}: {} records were in no event", expected.len());
    }
}

/// Recorded records by topic, partition and offset.
type Expected = HashMap<(String, i32, i64), Record>;

fn scan_and_take(body: &[u8], expected: &mut Expected) {
    let event = Event::scan(body).unwrap();
    for partition in &event.partitions {
        for entry in &partition.records {
            let Entry::Record(record) = entry else { panic!("{entry:?}") };
            assert_eq!(partition.name, format!("{}-{}", record.topic, record.partition));
            let coordinates = (record.topic.to_string(), record.partition, record.offset);
            let recorded = expected.remove(&coordinates).unwrap();
            assert_eq!(recorded.timestamp, record.timestamp);
            assert_eq!(recorded.key.as_deref(), record.key.map(|key| key.raw()).as_deref());
            assert_eq!(recorded.value.as_deref(), record.value.map(|value| value.raw()).as_deref());
            let signed = |header: Header<'_>| {
                let value = header.value.unwrap().into_iter().map(|byte| i16::from(byte as i8)).collect();
                BTreeMap::from([(header.name.into_owned(), value)])
            };
            let headers = record.headers.iter().map(|header| signed(header.unwrap())).collect();
            assert_eq!(recorded.headers, Some(headers));
        }
    }
}
