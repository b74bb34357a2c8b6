//! A batch of bad records: each is bad in its own way, or only looks bad.

use local_stack::{EventRecord, Nulls};
use recordings::{EncodeError, Frame, Record, Recording, encode_framed};
use serde_json::Value;

use crate::accounts::{Change, EMAIL_COLUMNS, OLD_KEY_HEADER};

/// The recipient that the fault proxy makes SES refuse.
pub const REFUSED_RECIPIENT: &str = "refused@example.com";
/// An id that no registry reaches.
const UNKNOWN_SCHEMA_ID: u32 = 2_000_000_001;

/// 2020-01-01T00:00:00Z, in milliseconds.
const YEAR_2020: i64 = 1_577_836_800_000;

/// A record and its expected outcome.
#[derive(Debug, Clone)]
pub struct BadRecord {
    /// What is wrong with it, or looks wrong.
    pub what: &'static str,
    /// The record.
    pub record: EventRecord,
    /// Its expected outcome.
    pub fate: Fate,
}

/// The expected outcome of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// One dead letter.
    DeadLetter,
    /// One mail, to this address.
    Mail(&'static str),
}

/// No new accounts can be made from the recording.
#[derive(Debug, thiserror::Error)]
pub enum BadBatchError {
    /// No row with an address.
    #[error("topic {0} has no inserted or snapshot row with a key and an address to make a new account from")]
    NoRow(String),
    /// A value that does not have the form of its schema.
    #[error("cannot write a new account")]
    Encode(#[from] EncodeError),
}

/// Makes the batch from the last inserted row of `topic`, with offsets that follow the recorded ones.
///
/// # Errors
/// When the topic has no row to make a new account from.
pub fn bad_batch(recording: &Recording, topic: &str) -> Result<Vec<BadRecord>, BadBatchError> {
    let maker = Maker::new(recording, topic).ok_or_else(|| BadBatchError::NoRow(topic.to_owned()))?;
    let good = maker.account(0, "good@example.com")?;
    let mut batch = vec![
        BadRecord {
            what: "garbage in place of Avro",
            record: EventRecord {
                value: text(&Frame { schema_id: maker.value_schema, datum: vec![0xff; 40] }.bytes()),
                ..good.clone()
            },
            fate: Fate::DeadLetter,
        },
        BadRecord {
            what: "an unknown schema id",
            // An old timestamp, because the function would wait half a minute for the schema of a new record.
            record: EventRecord {
                value: text(&Frame { schema_id: UNKNOWN_SCHEMA_ID, datum: vec![0, 2, 4] }.bytes()),
                timestamp: YEAR_2020,
                ..good.clone()
            },
            fate: Fate::DeadLetter,
        },
        BadRecord {
            what: "a truncated frame",
            record: EventRecord { value: text(&[0, 0, 1]), ..good.clone() },
            fate: Fate::DeadLetter,
        },
        BadRecord {
            what: "invalid base64",
            record: EventRecord { value: Some(Some("*not base64*".to_owned())), ..good.clone() },
            fate: Fate::DeadLetter,
        },
        BadRecord {
            what: "an address that SES refuses",
            record: maker.account(1, REFUSED_RECIPIENT)?,
            fate: Fate::DeadLetter,
        },
        BadRecord {
            what: "no headers field",
            record: EventRecord { headers: None, ..maker.account(2, "no.headers@example.com")? },
            fate: Fate::Mail("no.headers@example.com"),
        },
        BadRecord {
            what: "a header byte of 200",
            record: EventRecord {
                headers: Some(vec![[("trace".to_owned(), vec![200, -56, 0])].into()]),
                ..maker.account(3, "header.200@example.com")?
            },
            fate: Fate::Mail("header.200@example.com"),
        },
    ];
    for (offset, bad) in (maker.next_offset..).zip(&mut batch) {
        bad.record.offset = offset;
    }
    Ok(batch)
}

/// Makes accounts like a recorded one.
struct Maker<'a> {
    recording: &'a Recording,
    row: &'a Record,
    key_schema: u32,
    value_schema: u32,
    next_offset: i64,
}

impl<'a> Maker<'a> {
    fn new(recording: &'a Recording, topic: &'a str) -> Option<Self> {
        let rows: Vec<_> = recording.of_topic(topic).collect();
        let has = |row: &Record, operation: &str| {
            Change::of(row).is_some_and(|change| change.operation == operation && change.email().is_some())
                && row.expected().key.is_object()
                && !row.has_header(OLD_KEY_HEADER)
        };
        // An insert where there is one; its envelope is that of an insert.
        let row = ["c", "r"].iter().find_map(|operation| rows.iter().rev().find(|row| has(row, operation)))?;
        let partition = row.partition;
        let last = rows.iter().filter(|row| row.partition == partition).map(|row| row.offset).max()?;
        Some(Maker {
            recording,
            row,
            key_schema: row.key_frame().ok()??.schema_id,
            value_schema: row.value_frame().ok()??.schema_id,
            next_offset: last + 1,
        })
    }

    /// The row with another key and another address, inserted.
    fn account(&self, number: u32, address: &str) -> Result<EventRecord, BadBatchError> {
        let mut key = self.row.expected().key.clone();
        let mut value = self.row.expected().value.clone();
        value["op"] = "c".into();
        for (column, part) in key.as_object_mut().into_iter().flatten() {
            *part = another(part, number);
            if let Some(column) = value["after"].get_mut(column) {
                *column = part.clone();
            }
        }
        for column in EMAIL_COLUMNS {
            if let Some(email) = value["after"].get_mut(column) {
                *email = address.into();
                break;
            }
        }
        let key = encode_framed(self.key_schema, self.schema(self.key_schema), &key)?;
        let value = encode_framed(self.value_schema, self.schema(self.value_schema), &value)?;
        let record = EventRecord::new(self.row, Nulls::Written);
        Ok(EventRecord { key: text(&key), value: text(&value), ..record })
    }

    fn schema(&self, id: u32) -> &str {
        self.recording.schemas.get(&id).map_or("", |schema| &schema.schema)
    }
}

/// A key that no recorded row has.
fn another(part: &Value, number: u32) -> Value {
    match part {
        // Far above any sequence of a test table, below the largest 32-bit one.
        Value::Number(_) => (2_000_000_000 + number).into(),
        // Bytes, most likely a decimal.
        Value::Object(_) => serde_json::json!({"bytes_hex": hex::encode((2_000_000_000 + number).to_be_bytes())}),
        // The shape of a UUID, which fits any column of text.
        _ => format!("00000000-0000-4000-8000-{number:012}").into(),
    }
}

fn text(bytes: &[u8]) -> Option<Option<String>> {
    Some(Some(base64_simd::STANDARD.encode_to_string(bytes)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_batch_follows_the_recorded_offsets_and_has_accounts_of_its_own() {
        let recording = Recording::of_repository("postgres-accounts").unwrap();
        let topic = "cdc.postgres.public.accounts";
        let batch = bad_batch(&recording, topic).unwrap();
        let recorded: BTreeSet<_> = recording.of_topic(topic).map(|record| (record.partition, record.offset)).collect();
        let made: BTreeSet<_> = batch.iter().map(|bad| (bad.record.partition, bad.record.offset)).collect();
        assert!(made.len() == batch.len() && made.is_disjoint(&recorded));
        let keys: BTreeSet<_> = batch.iter().map(|bad| bad.record.key.clone()).collect();
        assert_eq!(keys.len(), 4, "three accounts are good apart from one thing, the others share a key");
        assert_eq!(batch.iter().filter(|bad| bad.fate == Fate::DeadLetter).count(), 5);
    }
}
