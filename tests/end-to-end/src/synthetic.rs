//! Makes synthetic recordings: tables with other names, columns and keys, and thousands of rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use recordings::{EncodeError, encode_framed};
use serde_json::{Value, json};

const TOPIC: &str = "legacy.crm.Customer_Base";
const KEY_ID: u32 = 7;
/// The first version has a nullable column of addresses, the second has dropped it.
const VALUE_IDS: [u32; 2] = [8, 11];
const HEARTBEAT_ID: u32 = 9;

/// Why a recording could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SyntheticError {
    /// A value does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A file cannot be written.
    #[error("cannot write the recording")]
    Io(#[from] io::Error),
}

/// Writes a recording of `inserts` inserted customers, and of updates, deletions and snapshot reads, into `folder`.
///
/// The key is a number. The column of addresses is called `email_address`, is the last one, and may be null, empty,
/// not an address, or missing from the schema.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_customers(folder: &Path, inserts: i64) -> Result<(), SyntheticError> {
    let mut log = Log::default();
    for number in 1..=inserts {
        let address = match number % 50 {
            1 => Value::Null,
            2 => "".into(),
            3 => "not an address".into(),
            _ => format!("customer.{number}@example.org").into(),
        };
        let version = usize::from(number % 97 == 0);
        log.change("c", number, address.clone(), version, false)?;
        match number % 11 {
            1 => log.change("u", number, address, version, false)?,
            // Deleted, and inserted again with its old number: the same account.
            2 => {
                log.delete(number)?;
                log.change("c", number, address, version, false)?;
            }
            3 => log.change("r", number + 1_000_000, address, version, false)?,
            4 => log.change("c", number + 2_000_000, address, version, true)?,
            _ => {}
        }
        if number % 500 == 0 {
            log.heartbeat(number)?;
        }
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("schemas.json"), schemas().to_string())?;
    std::fs::write(folder.join("records.jsonl"), log.lines)?;
    Ok(())
}

#[derive(Default)]
struct Log {
    lines: String,
    offsets: BTreeMap<(&'static str, i32), i64>,
}

impl Log {
    fn change(
        &mut self,
        operation: &str,
        number: i64,
        address: Value,
        version: usize,
        moved: bool,
    ) -> Result<(), EncodeError> {
        let mut row = json!({"Name": format!("Customer {number}"), "Kunden_Nr": number, "vip": number % 2 == 0});
        if version == 0 {
            row["email_address"] = address;
        }
        let headers = if moved { json!([{"__debezium.oldkey": [123, 125]}]) } else { json!([]) };
        let value = json!({
            "before": null, "after": row, "source": source(operation), "op": operation, "ts_ms": 1_795_421_347_000_i64,
        });
        self.write(TOPIC, number, Some((VALUE_IDS[version.min(1)], value)), &headers)
    }

    fn delete(&mut self, number: i64) -> Result<(), EncodeError> {
        let before = json!({"Name": "", "Kunden_Nr": number, "vip": false, "email_address": null});
        let value = json!({
            "before": before, "after": null, "source": source("d"), "op": "d", "ts_ms": 1_795_421_347_000_i64,
        });
        self.write(TOPIC, number, Some((VALUE_IDS[0], value)), &json!([]))?;
        self.write(TOPIC, number, None, &json!([]))
    }

    fn heartbeat(&mut self, number: i64) -> Result<(), EncodeError> {
        let value = json!({"ts_ms": 1_795_421_347_000 + number});
        self.write("__debezium-heartbeat.legacy", 0, Some((HEARTBEAT_ID, value)), &json!([]))
    }

    fn write(
        &mut self,
        topic: &'static str,
        number: i64,
        value: Option<(u32, Value)>,
        headers: &Value,
    ) -> Result<(), EncodeError> {
        let partition = i32::try_from(number % 4).unwrap_or(0);
        let offset = self.offsets.entry((topic, partition)).or_insert(0);
        let key = json!({"Kunden_Nr": number});
        let framed = |id: u32, value: &Value| {
            let schema = schemas()[id.to_string()]["schema"].as_str().unwrap_or_default().to_owned();
            Ok::<_, EncodeError>(base64(&encode_framed(id, &schema, value)?))
        };
        let record = json!({
            "topic": topic, "partition": partition, "offset": *offset, "timestamp": 1_795_421_347_000 + *offset,
            "key": framed(KEY_ID, &key)?,
            "value": value.as_ref().map(|(id, value)| framed(*id, value)).transpose()?,
            "headers": headers,
            "expect": {"key": key, "value": value.map(|(_, value)| value)},
        });
        *offset += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{record}");
        Ok(())
    }
}

fn source(operation: &str) -> Value {
    json!({
        "version": "3.6.3.Final", "connector": "postgresql", "name": "legacy", "ts_ms": 1_795_421_347_000_i64,
        "snapshot": if operation == "r" { "true" } else { "false" }, "db": "crm", "schema": "crm",
        "table": "Customer_Base", "lsn": 1000,
    })
}

fn schemas() -> Value {
    let column = |name: &str, kind: Value| json!({"name": name, "type": kind});
    let envelope = |more: Option<Value>| {
        let fields =
            [column("Name", "string".into()), column("Kunden_Nr", "long".into()), column("vip", "boolean".into())];
        let fields: Vec<_> = fields.into_iter().chain(more).collect();
        let row = json!({"type": "record", "name": "Value", "fields": fields});
        let snapshot = json!([{"type": "string", "connect.default": "false"}, "null"]);
        let source = json!({"type": "record", "name": "Source", "namespace": "io.debezium.connector.postgresql", "fields": [
            column("version", "string".into()), column("connector", "string".into()), column("name", "string".into()),
            column("ts_ms", "long".into()), {"name": "snapshot", "type": snapshot, "default": "false"},
            column("db", "string".into()), column("schema", "string".into()), column("table", "string".into()),
            {"name": "lsn", "type": ["null", "long"], "default": null},
        ]});
        let envelope = json!({"type": "record", "name": "Envelope", "namespace": TOPIC, "fields": [
            {"name": "before", "type": ["null", row], "default": null},
            {"name": "after", "type": ["null", "Value"], "default": null},
            column("source", source), column("op", "string".into()),
            {"name": "ts_ms", "type": ["null", "long"], "default": null},
        ]});
        envelope.to_string()
    };
    let address = json!({"name": "email_address", "type": ["null", "string"], "default": null});
    let key =
        json!({"type": "record", "name": "Key", "namespace": TOPIC, "fields": [column("Kunden_Nr", "long".into())]});
    let heartbeat = json!({
        "type": "record", "name": "Heartbeat", "namespace": "io.debezium.connector.common",
        "fields": [column("ts_ms", "long".into())],
    });
    let registered = |subject: &str, version: u32, schema: String| json!({"subject": subject, "version": version, "schema": schema, "references": []});
    json!({
        KEY_ID.to_string(): registered(&format!("{TOPIC}-key"), 1, key.to_string()),
        VALUE_IDS[0].to_string(): registered(&format!("{TOPIC}-value"), 1, envelope(Some(address))),
        VALUE_IDS[1].to_string(): registered(&format!("{TOPIC}-value"), 2, envelope(None)),
        HEARTBEAT_ID.to_string(): registered("__debezium-heartbeat.legacy-value", 1, heartbeat.to_string()),
    })
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}
