//! The sample events of each function: for `cargo lambda invoke`, tests and documents. Here those of
//! `send-welcome-email`, cut from a recording.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use topic_names::TopicNameError;

use crate::accounts::{Change, OLD_KEY_HEADER, account_topic, heartbeat_topics};
use crate::bad_batch::{BadBatchError, bad_batch};
use crate::encode::EncodeError;
use crate::event::{EventRecord, Nulls, Origin, event};
use crate::example::{ExampleError, example_sample};
use crate::login_samples::login_samples;
use crate::new_function::{DOCUMENTS, EVENTS, ROWS, created_sample};
use crate::profile_samples::profile_samples;
use crate::recording::{Record, Recording, RecordingError};
use crate::tools::Workspace;

/// A sample's file name and content.
pub type Sample = (String, String);

/// Samples could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The recording lacks the accounts.
    #[error(transparent)]
    Accounts(#[from] crate::accounts::NoAccounts),
    /// The recording lacks a kind of record.
    #[error("the recording has no {0} to make a sample of")]
    Missing(&'static str),
    /// No bad records.
    #[error(transparent)]
    Bad(#[from] BadBatchError),
    /// No recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A sample does not have its schema's shape.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A domain event has no example.
    #[error(transparent)]
    Example(#[from] ExampleError),
    /// A template reads no topic.
    #[error(transparent)]
    Topic(#[from] TopicNameError),
    /// The file system refused.
    #[error("cannot write the samples")]
    Io(#[from] std::io::Error),
}

/// The samples of each function, by its name.
///
/// # Errors
/// When a recording is missing or lacks a kind of record.
pub fn samples(workspace: &Workspace) -> Result<Vec<(&'static str, Vec<Sample>)>, SampleError> {
    let recorded = |name: &str| Recording::read(&workspace.root().join("events/recorded").join(name));
    Ok(vec![
        ("send-welcome-email", account_samples(&recorded("postgres-accounts")?)?),
        ("cache-user-login", login_samples(&recorded("mongodb-logins")?)?),
        ("audit-profile-update", profile_samples()?),
        (ROWS.name, vec![created_sample(&recorded("postgres-accounts")?, ROWS.topic)?]),
        (DOCUMENTS.name, vec![created_sample(&recorded("mongodb-logins")?, DOCUMENTS.topic)?]),
        (EVENTS.name, vec![example_sample(workspace, &EVENTS.topic.parse()?)?]),
    ])
}

fn account_samples(recording: &Recording) -> Result<Vec<Sample>, SampleError> {
    let topic = account_topic(recording, None)?;
    let records: Vec<_> = recording.of_topic(topic).collect();
    let first = |what: &'static str, is: &dyn Fn(&Record) -> bool| {
        records.iter().copied().find(|record| is(record)).ok_or(SampleError::Missing(what))
    };
    let operation = |record: &Record, wanted: &str| Change::of(record).is_some_and(|it| it.operation == wanted);
    let of_version = |record: &Record, version: u32| value_schema_version(recording, record) == Some(version);

    let created = first("insert", &|record| operation(record, "c") && !record.has_header(OLD_KEY_HEADER))?;
    let read = first("snapshot read", &|record| operation(record, "r"))?;
    let update = first("update", &|record| operation(record, "u"))?;
    let delete = first("delete", &|record| operation(record, "d") && !record.has_header("__debezium.newkey"))?;
    let tombstone = first("tombstone", &|record| record.value.is_none() && record.key == delete.key)?;
    let moved_to = first("changed key", &|record| operation(record, "c") && record.has_header(OLD_KEY_HEADER))?;
    let at = records.iter().position(|record| std::ptr::eq(*record, moved_to)).unwrap_or_default();
    let moved_from = at.checked_sub(2).and_then(|start| records.get(start..at)).unwrap_or_default();
    let added = first("second schema version", &|record| of_version(record, 2) && operation(record, "c"))?;
    let dropped = first("third schema version", &|record| of_version(record, 3) && operation(record, "c"))?;
    let heartbeats = heartbeat_topics(recording);
    let heartbeat = heartbeats.first().and_then(|topic| recording.of_topic(topic).next());
    let heartbeat = heartbeat.ok_or(SampleError::Missing("heartbeat"))?;
    let bad: Vec<_> = bad_batch(recording, topic)?.into_iter().map(|bad| bad.record).collect();

    let key_change: Vec<_> = moved_from.iter().copied().chain([moved_to]).collect();
    let msk = |name: &str, records: &[&Record]| sample(name, Origin::Msk, Nulls::Written, records);
    Ok(vec![
        msk("created", &[created]),
        sample("created-self-managed", Origin::SelfManaged, Nulls::LeftOut, &[created]),
        msk("snapshot-read", &[read]),
        msk("updated", &[update]),
        msk("deleted", &[delete, tombstone]),
        sample("deleted-self-managed", Origin::SelfManaged, Nulls::LeftOut, &[delete, tombstone]),
        msk("key-changed", &key_change),
        msk("column-added", &[added]),
        msk("column-dropped", &[dropped]),
        msk("heartbeat", &[heartbeat]),
        ("bad-records.json".to_owned(), readable(&event(Origin::Msk, &bad))),
        ("aws-documentation.json".to_owned(), readable(AWS_DOCUMENTATION.as_bytes())),
    ])
}

/// The sample event of the Lambda developer guide ("Using Lambda with Amazon MSK"): its key has bits set behind its last
/// byte, its value is plain text. Nobody's topic, so a function parks its one record.
const AWS_DOCUMENTATION: &str = r#"{
    "eventSource": "aws:kafka",
    "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "bootstrapServers": "b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,b-1.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092",
    "records": {
        "mytopic-0": [
            {
                "topic": "mytopic",
                "partition": 0,
                "offset": 15,
                "timestamp": 1545084650987,
                "timestampType": "CREATE_TIME",
                "key": "abcDEFghiJKLmnoPQRstuVWXyz1234==",
                "value": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "headers": [{"headerKey": [104, 101, 97, 100, 101, 114, 86, 97, 108, 117, 101]}]
            }
        ]
    }
}"#;

/// Writes all samples into the repository.
///
/// # Errors
/// When a recording lacks a kind of record or a folder cannot be written.
pub fn write_samples(workspace: &Workspace) -> Result<usize, SampleError> {
    let samples = samples(workspace)?;
    for (function, samples) in &samples {
        let folder = folder(workspace, function);
        std::fs::create_dir_all(&folder)?;
        for (name, content) in samples {
            std::fs::write(folder.join(name), content)?;
        }
    }
    Ok(samples.iter().map(|(_, samples)| samples.len()).sum())
}

fn folder(workspace: &Workspace, function: &str) -> PathBuf {
    workspace.root().join("events/samples").join(function)
}

pub(crate) fn sample(name: &str, origin: Origin, nulls: Nulls, records: &[&Record]) -> Sample {
    let records: Vec<_> = records.iter().map(|record| EventRecord::new(record, nulls)).collect();
    (format!("{name}.json"), readable(&event(origin, &records)))
}

fn value_schema_version(recording: &Recording, record: &Record) -> Option<u32> {
    let frame = base64_simd::STANDARD.decode_to_vec(record.value.as_deref()?).ok()?;
    let id = u32::from_be_bytes(frame.get(1..5)?.try_into().ok()?);
    recording.schemas.get(&id).map(|schema| schema.version)
}

/// Indented JSON with lists of numbers on one line each: a header would fill a screen otherwise.
pub(crate) fn readable(event: &[u8]) -> String {
    let mut text = String::new();
    let event: Value = serde_json::from_slice(event).unwrap_or_default();
    write_readable(&event, 0, &mut text);
    text.push('\n');
    text
}

fn write_readable(value: &Value, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                write_readable(item, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(fields) if fields.values().any(|field| !field.is_array()) || depth == 1 => {
            out.push('{');
            // In a fixed order, whatever features of serde_json another crate has switched on.
            let fields: BTreeMap<_, _> = fields.iter().collect();
            for (index, (name, field)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                out.push_str(&format!("{}: ", Value::from(name.as_str())));
                write_readable(field, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_in_the_repository_are_those_that_the_recordings_give() {
        let workspace = Workspace::find().unwrap();
        for (function, mut expected) in samples(&workspace).unwrap() {
            expected.sort();
            let mut found: Vec<_> = std::fs::read_dir(folder(&workspace, function))
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{function}: run `make samples`");
        }
    }

    #[test]
    fn readable_json_is_the_same_json() {
        let text = "{\"a\":[1,2],\"b\":{\"c\":[{\"d\":[-1]}],\"e\":null},\"f\":[]}";
        assert_eq!(
            serde_json::from_str::<Value>(&readable(text.as_bytes())).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }
}
