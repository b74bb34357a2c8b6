//! Hostile events are cheap: what is allocated stays a small multiple of what was sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use allocation_counter::measure;
use kafka_events::{Entry, Event};

/// The most that may live at one time for each byte of the event.
const TIMES: u64 = 24;

fn peak(body: &[u8]) -> u64 {
    let info = measure(|| {
        if let Ok(event) = Event::scan(body) {
            for entry in event.lanes.iter().flat_map(|lane| &lane.records) {
                if let Entry::Record(record) = entry {
                    record.headers.iter().for_each(drop);
                }
            }
        }
    });
    info.bytes_max
}

fn lane(element: &str, bytes: usize) -> String {
    let elements = vec![element; bytes / (element.len() + 1)].join(",");
    format!(r#"{{"records":{{"a-0":[{elements}]}}}}"#)
}

#[test]
fn no_event_allocates_more_than_a_small_multiple_of_itself() {
    let size = 300_000;
    let lanes = |lane: &str| {
        let lanes: Vec<_> = (0..size / (lane.len() + 6)).map(|n| format!("\"{n}\":{lane}")).collect();
        format!(r#"{{"records":{{{}}}}}"#, lanes.join(","))
    };
    let same_lane = vec![r#""":[]"#; size / 6].join(",");
    let header = format!(r#"{{"partition":0,"offset":1,"headers":[{}]}}"#, vec!["{\"\":[]}"; size / 8].join(","));
    let bytes = format!(r#"{{"partition":0,"offset":1,"headers":[{{"a":[{}]}}]}}"#, vec!["1"; size / 2].join(","));
    let events = [
        ("numbers", lane("0", size)),
        ("empty objects", lane("{}", size)),
        ("tiny records", lane(r#"{"partition":0,"offset":1}"#, size)),
        ("records without offset", lane(r#"{"topic":"\u0061","partition":0}"#, size)),
        ("depth in a record", lane(&"[".repeat(size), size)),
        ("balanced depth", lane(&format!("{}{}", "[".repeat(size / 2), "]".repeat(size / 2)), size)),
        ("depth in the event", "{\"a\":".repeat(size / 5)),
        ("lanes without records", lanes("[]")),
        ("lanes of one number", lanes("[0]")),
        ("lanes of two numbers", lanes("[0,0]")),
        ("lanes that are null", lanes("null")),
        ("one lane again and again", format!(r#"{{"records":{{{same_lane}}}}}"#)),
        ("many headers", lane(&header, size)),
        ("one long header", lane(&bytes, size)),
        ("quotes", "\"".repeat(size)),
        ("backslashes", format!("{{\"{}", "\\".repeat(size))),
    ];
    for (name, event) in events {
        let peak = peak(event.as_bytes());
        assert!(peak <= TIMES * event.len() as u64, "{name}: {peak} bytes for {}", event.len());
    }
}

#[test]
fn a_crowded_lane_ends_in_one_fault_that_holds_its_rest() {
    let body = lane("0", 10_000);
    let event = Event::scan(body.as_bytes()).unwrap();
    let records = &event.lanes[0].records;
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
fn real_records_are_never_taken_for_a_crowd() {
    let record = r#"{"partition":0,"offset":1,"timestamp":1}"#;
    let body = lane(record, 1_000_000);
    let event = Event::scan(body.as_bytes()).unwrap();
    assert!(event.lanes[0].records.iter().all(|entry| matches!(entry, Entry::Record(_))));
}
