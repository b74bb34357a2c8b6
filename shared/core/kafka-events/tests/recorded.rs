//! The recorded events, each record against the log that it was made from.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::HashMap, fs, path::Path};

use kafka_events::{Entry, Event};
use serde_json::Value;

#[test]
fn recorded_events_scan_to_the_recorded_log() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded");
    for recording in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
        let folder = folder.join(recording);
        let log = fs::read_to_string(folder.join("records.jsonl")).unwrap();
        let mut expected: HashMap<(String, i64, i64), Value> = HashMap::new();
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let partition = (line["topic"].as_str().unwrap().to_owned(), line["partition"].as_i64().unwrap());
            expected.insert((partition.0, partition.1, line["offset"].as_i64().unwrap()), line);
        }
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if name.starts_with("event") && name.ends_with(".json") {
                scan_and_take(&fs::read(&path).unwrap(), &mut expected);
            }
        }
        assert!(expected.is_empty(), "{recording}: {} records were in no event", expected.len());
    }
}

fn scan_and_take(body: &[u8], expected: &mut HashMap<(String, i64, i64), Value>) {
    let event = Event::scan(body).unwrap();
    for partition in &event.partitions {
        for entry in &partition.records {
            let Entry::Record(record) = entry else { panic!("{entry:?}") };
            assert_eq!(partition.name, format!("{}-{}", record.topic, record.partition));
            let coordinates = (record.topic.to_string(), i64::from(record.partition), record.offset);
            let line = expected.remove(&coordinates).unwrap();
            assert_eq!(line["timestamp"].as_i64(), Some(record.timestamp));
            assert_eq!(line["key"].as_str(), record.key.map(|key| key.raw()).as_deref());
            assert_eq!(line["value"].as_str(), record.value.map(|value| value.raw()).as_deref());
            let headers: Value = record
                .headers
                .iter()
                .map(|header| {
                    let header = header.unwrap();
                    let signed: Vec<i8> = header.value.unwrap().into_iter().map(|byte| byte as i8).collect();
                    serde_json::json!({ header.name.as_ref(): signed })
                })
                .collect();
            assert_eq!(line["headers"], headers);
        }
    }
}
