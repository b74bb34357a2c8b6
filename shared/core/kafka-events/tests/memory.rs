//! Hostile events are cheap: what is allocated stays a small multiple of what was sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use allocation_counter::measure;
use kafka_events::{Entry, Event};

/// The most that may live at one time for each byte of the event.
const TIMES: u64 = 24;

fn peak(body: &[u8]) -> u64 {
    let info = measure(|| {
        if let Ok(event) = Event::scan(body) {
            for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
                if let Entry::Record(record) = entry {
                    record.headers.iter().for_each(drop);
                }
            }
        }
    });
    info.bytes_max
}

fn partition(element: &str, bytes: usize) -> String {
    let elements = vec![element; bytes / (element.len() + 1)].join(",");
    format!(r#"{{"records":{{"a-0":[{elements}]}}}}"#)
}

#[test]
fn no_event_allocates_more_than_a_small_multiple_of_itself() {
    let size = 300_000;
    let partitions = |partition: &str| {
        let partitions: Vec<_> = (0..size / (partition.len() + 6)).map(|n| format!("\"{n}\":{partition}")).collect();
        format!(r#"{{"records":{{{}}}}}"#, partitions.join(","))
    };
    let same_partition = vec![r#""":[]"#; size / 6].join(",");
    let header = format!(r#"{{"partition":0,"offset":1,"headers":[{}]}}"#, vec!["{\"\":[]}"; size / 8].join(","));
    let bytes = format!(r#"{{"partition":0,"offset":1,"headers":[{{"a":[{}]}}]}}"#, vec!["1"; size / 2].join(","));
    let events = [
        ("numbers", partition("0", size)),
        ("empty objects", partition("{}", size)),
        ("tiny records", partition(r#"{"partition":0,"offset":1}"#, size)),
        ("records without offset", partition(r#"{"topic":"\u0061","partition":0}"#, size)),
        ("depth in a record", partition(&"[".repeat(size), size)),
        ("balanced depth", partition(&format!("{}{}", "[".repeat(size / 2), "]".repeat(size / 2)), size)),
        ("depth in the event", "{\"a\":".repeat(size / 5)),
        ("partitions without records", partitions("[]")),
        ("partitions of one number", partitions("[0]")),
        ("partitions of two numbers", partitions("[0,0]")),
        ("partitions that are null", partitions("null")),
        ("one partition again and again", format!(r#"{{"records":{{{same_partition}}}}}"#)),
        ("many headers", partition(&header, size)),
        ("one long header", partition(&bytes, size)),
        ("quotes", "\"".repeat(size)),
        ("backslashes", format!("{{\"{}", "\\".repeat(size))),
    ];
    for (name, event) in events {
        let peak = peak(event.as_bytes());
        assert!(peak <= TIMES * event.len() as u64, "{name}: {peak} bytes for {}", event.len());
    }
}

#[test]
fn a_crowded_partition_ends_in_one_malformed_element() {
    let body = partition("0", 10_000);
    let event = Event::scan(body.as_bytes()).unwrap();
    let records = &event.partitions[0].records;
    match records.last() {
        Some(Entry::Malformed(rest)) => {
            assert_eq!((rest.error.code(), rest.offset), ("lane_crowded", None));
            assert!(body[..body.len() - 3].ends_with(std::str::from_utf8(rest.raw).unwrap()));
        }
        other => panic!("{other:?}"),
    }
    assert!(records.len() < 500, "{}", records.len());
}

#[test]
fn real_records_never_count_as_crowded() {
    let record = r#"{"partition":0,"offset":1,"timestamp":1}"#;
    let body = partition(record, 1_000_000);
    let event = Event::scan(body.as_bytes()).unwrap();
    assert!(event.partitions[0].records.iter().all(|entry| matches!(entry, Entry::Record(_))));
}
