//! `subject.json`, the manifest of a subject: its owner, its meaning, its compatibility level and its readers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// A subject's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The topic whose records it describes.
    pub topic: String,
    /// Their keys or their values.
    pub part: Part,
    /// How the subject got its name: `topic`, `record` or `topic-record`.
    #[serde(default = "by_topic")]
    pub strategy: String,
    /// The team that decides about it.
    pub owner: String,
    /// What a record means.
    pub description: String,
    /// What the records' key is; for subjects of values.
    #[serde(default)]
    pub key: Option<Key>,
    /// A compatibility level as registries write it.
    pub compatibility: String,
    /// Why that level.
    pub reason: String,
    /// Who reads it.
    pub consumers: Vec<Consumer>,
    /// Descriptions of the fields that have none in the schema: `Record.field`, with the record's name without its namespace.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The folder of `events/recorded` that the versions were taken from.
    #[serde(default)]
    pub recording: Option<String>,
    /// One record.
    pub example: Example,
}

fn by_topic() -> String {
    topic_names::SubjectStrategy::TopicName.to_string()
}

/// A record's key or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl From<Part> for topic_names::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Key => topic_names::Part::Key,
            Part::Value => topic_names::Part::Value,
        }
    }
}

/// What the key of a topic's records is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Key {
    /// Avro, of this subject.
    Subject(String),
    /// Plain UTF-8 without a frame, with this meaning.
    Text(String),
}

/// A function that reads the subject, and the Rust type that it reads into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The function.
    pub function: String,
    /// The type.
    pub reader: String,
}

/// One record, as an example.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Example {
    /// A line of the recording's `records.jsonl`, from 1.
    Recorded {
        /// The line.
        line: usize,
    },
    /// Written in the manifest.
    Written {
        /// The key as text, where it is not Avro.
        #[serde(default)]
        key: Option<String>,
        /// The value as JSON: a union is the value of its branch.
        value: Json,
    },
}
