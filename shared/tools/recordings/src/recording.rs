//! A recording: the bytes that a real connector wrote, beside what another decoder read from them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::frame::{Frame, FrameError};

/// What a record without `expect` shows: nothing.
static NOTHING: Expected = Expected { key: Value::Null, value: Value::Null };

/// A folder with `schemas.json` and `records.jsonl`, read whole.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Writer schemas by id.
    pub schemas: BTreeMap<u32, RegisteredSchema>,
    /// Kafka records in the order in which they were produced.
    pub records: Vec<Record>,
}

/// A schema as the registry holds it.
#[derive(Debug, Clone, Deserialize)]
pub struct RegisteredSchema {
    /// The subject under which it was registered.
    pub subject: String,
    /// Its version there, from 1.
    pub version: u32,
    /// The schema's JSON, as text.
    pub schema: String,
    /// Schemas that it refers to.
    #[serde(default)]
    pub references: Vec<Value>,
}

/// One Kafka record.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset in that partition.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub timestamp: i64,
    /// The framed key in base64; `None` where Kafka has null.
    pub key: Option<String>,
    /// The framed value in base64; `None` for a tombstone.
    pub value: Option<String>,
    /// `[{"name": [signed bytes]}]`, in order; `None` leaves the field out of an event.
    #[serde(default)]
    pub headers: Option<Vec<BTreeMap<String, Vec<i16>>>>,
    /// What a decoder other than ours read from those bytes, where the recording tells it.
    pub expect: Option<Expected>,
    /// Its line in `records.jsonl`, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Key and value as plain JSON.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Expected {
    /// The key.
    #[serde(default)]
    pub key: Value,
    /// The value.
    #[serde(default)]
    pub value: Value,
}

impl Expected {
    /// `{"key": …, "value": …}`.
    pub fn to_json(&self) -> Value {
        serde_json::json!({"key": self.key, "value": self.value})
    }
}

/// The folder is not a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file is missing.
    #[error("cannot read {}: a recording is a folder with schemas.json and records.jsonl", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A file does not have the format.
    #[error("{}, line {line}: not as in a recording", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The folder of a recording of this repository: `events/recorded/<name>`.
pub fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded").join(name)
}

impl Recording {
    /// Reads a recording of this repository, a folder in `events/recorded`.
    ///
    /// # Errors
    /// As of [`Recording::read`].
    pub fn of_repository(name: &str) -> Result<Self, RecordingError> {
        Recording::read(&folder_of(name))
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// When a file is missing or malformed; the message names it and the line.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        let path = folder.join("schemas.json");
        let text = read(&path)?;
        let schemas = serde_json::from_str(&text).map_err(|source| RecordingError::Malformed {
            line: source.line(),
            path: path.clone(),
            source,
        })?;
        let path = folder.join("records.jsonl");
        let text = read(&path)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let records = lines
            .map(|(index, text)| {
                let malformed = |source| RecordingError::Malformed { path: path.clone(), line: index + 1, source };
                let record: Record = serde_json::from_str(text).map_err(malformed)?;
                Ok(Record { line: index + 1, ..record })
            })
            .collect::<Result<_, _>>()?;
        Ok(Recording { schemas, records })
    }

    /// The topics in the order in which they first appear.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics = Vec::new();
        for record in &self.records {
            if !topics.contains(&record.topic.as_str()) {
                topics.push(record.topic.as_str());
            }
        }
        topics
    }

    /// The records of one topic, in order.
    pub fn of_topic<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.topic == topic)
    }
}

impl Record {
    /// What a decoder other than ours read; null for both where the recording does not tell it.
    pub fn expected(&self) -> &Expected {
        self.expect.as_ref().unwrap_or(&NOTHING)
    }

    /// The key out of its frame; `None` for null.
    ///
    /// # Errors
    /// When it is not a frame in Base64.
    pub fn key_frame(&self) -> Result<Option<Frame>, FrameError> {
        self.key.as_deref().map(Frame::of).transpose()
    }

    /// The value out of its frame; `None` for a tombstone.
    ///
    /// # Errors
    /// When it is not a frame in Base64.
    pub fn value_frame(&self) -> Result<Option<Frame>, FrameError> {
        self.value.as_deref().map(Frame::of).transpose()
    }

    /// Whether it has a header of that name.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.iter().flatten().any(|header| header.contains_key(name))
    }
}

fn read(path: &Path) -> Result<String, RecordingError> {
    fs::read_to_string(path).map_err(|source| RecordingError::Missing { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_in_the_repository_reads() {
        for (name, records) in [("postgres-accounts", 359), ("mysql-orders", 242), ("mongodb-logins", 142)] {
            let recording = Recording::of_repository(name).unwrap();
            assert_eq!((recording.records.len(), recording.records[1].line), (records, 2), "{name}");
        }
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("schemas.json"), "{}").unwrap();
        fs::write(folder.path().join("records.jsonl"), "\n{\"topic\": 1}\n").unwrap();
        let error = Recording::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("records.jsonl, line 2"), "{error}");
    }
}
