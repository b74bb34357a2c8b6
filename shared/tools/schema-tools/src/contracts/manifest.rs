//! `subject.json`, the manifest of a subject: its compatibility level and its fields. What the topic is stands in
//! the topic's contract, and who reads it in the manifests of functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// A subject's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// A compatibility level as registries write it.
    pub compatibility: String,
    /// Why that level.
    pub reason: String,
    /// Descriptions of the fields that have none in the schema: `Record.field`, with the record's name without its namespace.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The folder of `events/recorded` that the versions were taken from.
    #[serde(default)]
    pub recording: Option<String>,
    /// One record.
    pub example: Example,
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
