//! Records as a connector writes them, in bytes: the changes of one table of tickets.

use event_functions::AvroRead;
use event_functions::testing::{Delivered, Harness};
use serde_json::{Value, json};

/// The row.
#[derive(AvroRead)]
pub(crate) struct Ticket<'a> {
    pub(crate) status: Option<&'a str>,
}

pub(crate) const TOPIC: &str = "cdc.mysql.desk.tickets";

/// A long, framed.
pub(crate) const KEY: &[u8] = &[0, 0, 0, 0, 8, 84];
/// The text of that key.
pub(crate) const KEY_TEXT: &str = "42";

const ENVELOPE: &str = r#"{"type":"record","name":"Envelope","fields":[
{"name":"op","type":["null","string"]},
{"name":"status","type":["null","string"]},
{"name":"source","type":["null",{"type":"record","name":"Source","fields":[
{"name":"connector","type":"string"},{"name":"snapshot","type":["null","string"]},{"name":"lsn","type":"long"}]}]},
{"name":"after","type":["null",{"type":"record","name":"Row","fields":[{"name":"status","type":"string"}]}]}]}"#;

/// Puts the schemas of these records into the registry.
pub(crate) fn register(test: &Harness) {
    test.schema(7, &ENVELOPE.replace('\n', ""));
    test.schema(8, r#""long""#);
}

/// What a record says: operation, transaction marker, snapshot mark, and the row's status.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) op: Option<&'static str>,
    pub(crate) marker: Option<&'static str>,
    pub(crate) snapshot: Option<&'static str>,
    pub(crate) status: Option<&'static str>,
    /// Where in the database's log it is, below 64. Without it and `snapshot` the record has no source.
    pub(crate) lsn: Option<u8>,
}

impl Said {
    /// An insert of a row with this status.
    pub(crate) fn inserted(status: &'static str) -> Self {
        Said { op: Some("c"), status: Some(status), ..Said::default() }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let source = (self.lsn.is_some() || self.snapshot.is_some())
            .then(|| [text("postgresql"), optional(self.snapshot), vec![2 * self.lsn.unwrap_or_default()]].concat());
        let source = source.map_or(vec![0], |source| [vec![2], source].concat());
        let row = optional(self.status);
        [vec![0, 0, 0, 0, 7], optional(self.op), optional(self.marker), source, row].concat()
    }
}

fn optional(value: Option<&str>) -> Vec<u8> {
    value.map_or(vec![0], |value| [vec![2], text(value)].concat())
}

fn text(value: &str) -> Vec<u8> {
    // Lengths below 64 are one byte in Avro.
    [&[2 * value.len() as u8], value.as_bytes()].concat()
}

/// One record of partition 0.
pub(crate) fn record(offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Value {
    let base64 = |bytes: Option<&[u8]>| bytes.map(|bytes| base64_simd::STANDARD.encode_to_string(bytes));
    json!({
        "topic": TOPIC, "partition": 0, "offset": offset, "timestamp": 1_795_000_000_000_i64,
        "timestampType": "CREATE_TIME", "key": base64(key), "value": base64(value), "headers": [],
    })
}

/// The event of these records.
pub(crate) fn event(records: &[Value]) -> Value {
    let partition = format!("{TOPIC}-0");
    json!({"eventSource": "aws:kafka", "records": {partition: records}})
}

/// Delivers an insert with this status under each of these keys, in one batch.
pub(crate) fn deliver_inserts(test: &Harness, inserts: &[(u8, &'static str)]) -> Delivered {
    let insert = |(offset, (key, status)): (usize, &(u8, &'static str))| {
        record(offset as i64, Some(&[0, 0, 0, 0, 8, 2 * key]), Some(&Said::inserted(status).bytes()))
    };
    test.deliver(&event(&inserts.iter().enumerate().map(insert).collect::<Vec<_>>()))
}
