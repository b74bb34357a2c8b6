//! The operation on a row, decided by the envelope's letter and its source together.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use avro_decode::{AvroRead, Limits, Plan, Schema};
use debezium::{Change, Op};

#[derive(Debug, AvroRead)]
struct Row {
    id: i64,
}

/// An envelope with this type for `source.snapshot`.
fn plan(snapshot: &str) -> Plan<Change<'static, Row>> {
    let schema = format!(
        r#"{{"type": "record", "name": "Envelope", "fields": [
            {{"name": "before", "type": ["null", {{"type": "record", "name": "Value", "fields": [
                {{"name": "id", "type": "long"}}]}}]}},
            {{"name": "after", "type": ["null", "Value"]}},
            {{"name": "source", "type": {{"type": "record", "name": "Source", "fields": [
                {{"name": "connector", "type": "string"}}, {{"name": "snapshot", "type": {snapshot}}},
                {{"name": "lsn", "type": "long"}}]}}}},
            {{"name": "op", "type": "string"}}]}}"#
    );
    Plan::compile(&Schema::parse(&schema).unwrap(), &Limits::default()).unwrap()
}

fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len() * 2).unwrap()], text.as_bytes()].concat()
}

fn datum(letter: &str, snapshot: &[u8]) -> Vec<u8> {
    [&[0, 2, 14], &*text("postgresql"), snapshot, &[0x64], &*text(letter)].concat()
}

fn op(letter: &str, mark: &str) -> Op {
    let snapshot = [vec![0], text(mark)].concat();
    plan(r#"["string", "null"]"#).decode(&datum(letter, &snapshot)).unwrap().op()
}

/// `SnapshotRecord` of Debezium's core has these and `false`.
const MARKS: [&str; 6] =
    ["true", "first", "first_in_data_collection", "last_in_data_collection", "last", "incremental"];

#[test]
fn an_insert_that_a_snapshot_read_is_a_read() {
    for mark in MARKS {
        assert_eq!((op("c", mark), op("r", mark)), (Op::Read, Op::Read), "{mark}");
    }
    assert_eq!((op("c", "false"), op("r", "false")), (Op::Create, Op::Read));
    assert_eq!(
        op("c", "a mark of a later Debezium"),
        Op::Read,
        "missing an insert is better than a snapshot of inserts"
    );
}

#[test]
fn updates_and_deletes_stay_what_they_are() {
    for mark in MARKS {
        for (letter, expected) in
            [("u", Op::Update), ("d", Op::Delete), ("t", Op::Truncate), ("m", Op::Message), ("x", Op::Unknown)]
        {
            assert_eq!(op(letter, mark), expected, "{letter} {mark}");
        }
    }
}

#[test]
fn a_read_has_a_reads_version_with_either_letter() {
    let version = |letter, mark: &str| {
        let snapshot = [vec![0], text(mark)].concat();
        plan(r#"["string", "null"]"#).decode(&datum(letter, &snapshot)).unwrap().row_version(0).unwrap()
    };
    assert_eq!(version("c", "first"), version("r", "first"));
    assert_ne!(version("c", "first"), version("c", "false"));
    assert_eq!(version("d", "incremental"), version("d", "false"));
}

#[test]
fn the_mark_may_be_a_flag_as_it_was_before_debezium_0_10() {
    let plan = plan(r#"["boolean", "null"]"#);
    let op = |letter, snapshot: &[u8]| plan.decode(&datum(letter, snapshot)).unwrap().op();
    assert_eq!((op("c", &[0, 1]), op("c", &[0, 0]), op("c", &[2])), (Op::Read, Op::Create, Op::Create));
    assert_eq!(op("u", &[0, 1]), Op::Update);
    assert_eq!(plan.decode(&datum("c", &[2])).unwrap().after().map(|row| row.id), Some(7));
}
