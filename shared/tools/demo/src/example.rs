//! A sample event made from the example of a domain event in `events/schemas`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use local_stack::{EventRecord, Origin, Workspace, event, schema_id};
use recordings::{EncodeError, encode_framed};
use serde::Deserialize;
use serde_json::Value;
use topic_names::{NamingRules, TopicKind, TopicName};

use crate::sample::{Sample, readable};

/// When the example happened, and when it was sent, five minutes later, in milliseconds since 1970.
const HAPPENED_AT: &str = "2026-11-26T08:00:00Z";
const SENT_AT: i64 = 1_795_680_300_000;

/// No sample can be made for a topic.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// Its events have no schema.
    #[error(
        "there is no events/schemas/{topic}-value: write its v1.avsc and a subject.json with an example, and the contract events/topics/{topic}.json, as for user.profile.updated. Domain events with a schema are: {}",
        known.join(", ")
    )]
    NoSchema {
        /// The topic.
        topic: TopicName,
        /// The topics that have one.
        known: Vec<String>,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest contains no written example, or one whose key is not text.
    #[error(
        "{} contains no example of the form {{\"key\": \"text\", \"value\": {{…}}}}, and a function of domain events is tested with its example: write one",
        path.display()
    )]
    NoExample {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The example does not have the form of the schema.
    #[error("the example in {} does not have the form of the latest schema", path.display())]
    Misfit {
        /// The manifest.
        path: PathBuf,
        /// What does not fit.
        source: EncodeError,
    },
}

/// An event with the topic's example, by the latest version of its schema, with the headers that producers here write.
///
/// # Errors
/// When there is no schema or no example of its form.
pub(crate) fn example_sample(
    workspace: &Workspace,
    topic: &TopicName,
    names: &NamingRules,
) -> Result<Sample, ExampleError> {
    #[derive(Deserialize)]
    struct Manifest {
        example: Example,
    }
    #[derive(Deserialize)]
    struct Example {
        key: String,
        value: Value,
    }
    let schemas = workspace.root().join("events/schemas");
    let subject = format!("{topic}-value");
    let folder = schemas.join(&subject);
    let versions = (1..).take_while(|version| folder.join(format!("v{version}.avsc")).exists());
    let Some(version) = versions.last() else {
        return Err(ExampleError::NoSchema { topic: topic.clone(), known: known(&schemas, names)? });
    };
    let schema = read(&folder.join(format!("v{version}.avsc")))?;
    let path = folder.join("subject.json");
    let manifest = serde_json::from_str(&read(&path)?);
    let Manifest { example } = manifest.map_err(|source| ExampleError::NoExample { path: path.clone(), source })?;
    let value = encode_framed(schema_id(&subject, version), &schema, &example.value);
    let value = value.map_err(|source| ExampleError::Misfit { path, source })?;

    let base64 = |bytes: &[u8]| Some(Some(base64_simd::STANDARD.encode_to_string(bytes)));
    let header = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.bytes().map(i16::from).collect())]);
    let record = EventRecord {
        topic: topic.to_string(),
        partition: 0,
        offset: 0,
        timestamp: SENT_AT,
        timestamp_type: "CREATE_TIME",
        key: base64(example.key.as_bytes()),
        value: base64(&value),
        headers: Some(vec![
            header("ce_id", example.value["event_id"].as_str().unwrap_or("example")),
            header("ce_time", HAPPENED_AT),
            header("ce_type", topic.as_str()),
            header("ce_source", "/example"),
            header("ce_specversion", "1.0"),
        ]),
    };
    Ok(("example.json".to_owned(), readable(&event(Origin::Msk, &[record]))))
}

/// The topics of domain events that have a schema.
fn known(schemas: &Path, names: &NamingRules) -> Result<Vec<String>, ExampleError> {
    let io = |source| ExampleError::Io { path: schemas.to_path_buf(), source };
    let entries = fs::read_dir(schemas).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
    let topic = |entry: fs::DirEntry| -> Option<TopicName> {
        let topic = TopicName::by(names, entry.file_name().to_str()?.strip_suffix("-value")?).ok()?;
        matches!(topic.kind(), TopicKind::DomainEvent { .. }).then_some(topic)
    };
    let mut known: Vec<_> = entries.into_iter().filter_map(topic).map(|topic| topic.to_string()).collect();
    known.sort();
    Ok(known)
}

fn read(path: &Path) -> Result<String, ExampleError> {
    fs::read_to_string(path).map_err(|source| ExampleError::Io { path: path.to_path_buf(), source })
}
