//! Recorded topics: a folder with `schemas.json` (by registry id) and `records.jsonl` (one Kafka record per line).

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use avro_decode::{DecodeError, Limits, Plan, ResolveError, Schema, SchemaError, Value};
use serde_json::Value as Json;

use crate::rendering::render;

/// A folder of recorded records, with a plan for each of its schemas.
#[derive(Debug)]
pub struct Recording {
    plans: HashMap<u32, Plan<Value<'static>>>,
    records: String,
}

/// One record of the recording.
#[derive(Debug)]
pub struct Decoded {
    /// The line of `records.jsonl`, from 1.
    pub line: usize,
    /// `{"key": …, "value": …}`, or why that could not be had.
    pub rendered: Result<Json, RecordingError>,
    /// What the recording says it should be.
    pub expected: Option<Json>,
}

/// What can be wrong with a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `schemas.json` is not what it should be.
    #[error("schemas.json: {0}")]
    Schemas(String),
    /// A schema of `schemas.json` is not Avro.
    #[error("schemas.json, id {id}: {source}")]
    Schema {
        /// The registry's id.
        id: u32,
        /// Why.
        source: SchemaError,
    },
    /// No plan can be made for a schema of `schemas.json`.
    #[error("schemas.json, id {id}: {source}")]
    Resolve {
        /// The registry's id.
        id: u32,
        /// Why.
        source: ResolveError,
    },
    /// A line of `records.jsonl` is not what it should be.
    #[error("{0}")]
    Line(String),
    /// The key or value does not decode.
    #[error("{part}: {source}")]
    Decode {
        /// `key` or `value`.
        part: &'static str,
        /// Why.
        source: DecodeError,
    },
}

impl RecordingError {
    /// Whether the folder itself is unusable, rather than one datum wrong.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Schemas(_) | Self::Schema { .. } | Self::Resolve { .. } | Self::Line(_) => true,
            Self::Decode { .. } => false,
        }
    }
}

impl Recording {
    /// Reads the folder and compiles its schemas.
    ///
    /// # Errors
    /// When a file cannot be read, or a schema is not valid.
    pub fn open(folder: &Path) -> Result<Self, RecordingError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|source| RecordingError::Read { path, source })
        };
        Ok(Self { plans: plans(&read("schemas.json")?)?, records: read("records.jsonl")? })
    }

    /// The records in the order of the file.
    pub fn records(&self) -> impl Iterator<Item = Decoded> {
        let lines = self.records.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(index, text)| self.record(index + 1, text))
    }

    fn record(&self, line: usize, text: &str) -> Decoded {
        match serde_json::from_str::<Json>(text) {
            Ok(mut record) => {
                let expected = record.get_mut("expect").map(Json::take);
                Decoded { line, rendered: self.render(&record), expected }
            }
            Err(error) => {
                let problem = RecordingError::Line(format!("not JSON at column {}", error.column()));
                Decoded { line, rendered: Err(problem), expected: None }
            }
        }
    }

    fn render(&self, record: &Json) -> Result<Json, RecordingError> {
        let key = self.part(record, "key")?;
        let value = self.part(record, "value")?;
        Ok(serde_json::json!({ "key": key, "value": value }))
    }

    /// A key or value: Base64 of Confluent's frame (a zero byte, the schema id in four bytes, the datum), or null.
    fn part(&self, record: &Json, part: &'static str) -> Result<Json, RecordingError> {
        let bad = |problem: &str| RecordingError::Line(format!("{part}: {problem}"));
        let text = match record.get(part) {
            None | Some(Json::Null) => return Ok(Json::Null),
            Some(Json::String(text)) => text,
            Some(_) => return Err(bad("neither text nor null")),
        };
        let bytes = base64_simd::STANDARD.decode_to_vec(text.as_bytes()).map_err(|_| bad("not Base64"))?;
        let (id, datum) = match bytes.split_first_chunk::<5>() {
            Some(([0, id @ ..], datum)) => (u32::from_be_bytes(*id), datum),
            _ => return Err(bad("not in Confluent's frame")),
        };
        let plan = self.plans.get(&id).ok_or_else(|| bad(&format!("schema id {id} is not in schemas.json")))?;
        let value = plan.decode(datum).map_err(|source| RecordingError::Decode { part, source })?;
        Ok(render(&value))
    }
}

fn plans(schemas: &str) -> Result<HashMap<u32, Plan<Value<'static>>>, RecordingError> {
    let bad = |problem: String| RecordingError::Schemas(problem);
    let schemas: Json = serde_json::from_str(schemas).map_err(|e| bad(format!("not JSON: {e}")))?;
    let Json::Object(schemas) = &schemas else {
        return Err(bad("not an object of schemas by id".into()));
    };
    let mut plans = HashMap::with_capacity(schemas.len());
    for (id, entry) in schemas {
        let id: u32 = id.parse().map_err(|_| bad(format!("`{id}` is not a schema id")))?;
        let Some(text) = entry.get("schema").and_then(Json::as_str) else {
            return Err(bad(format!("id {id} has no text `schema`")));
        };
        let mut references = Vec::new();
        collect_references(schemas, entry, &mut references)?;
        let schema =
            Schema::parse_with_references(text, &references).map_err(|source| RecordingError::Schema { id, source })?;
        let plan =
            Plan::compile(&schema, &Limits::default()).map_err(|source| RecordingError::Resolve { id, source })?;
        plans.insert(id, plan);
    }
    Ok(plans)
}

/// The texts of the schemas that `entry` refers to by subject and version, with those that they refer to.
fn collect_references<'a>(
    schemas: &'a serde_json::Map<String, Json>,
    entry: &'a Json,
    found: &mut Vec<&'a str>,
) -> Result<(), RecordingError> {
    for reference in entry.get("references").and_then(Json::as_array).into_iter().flatten() {
        let same =
            |e: &&Json| e.get("subject") == reference.get("subject") && e.get("version") == reference.get("version");
        let Some(referred) = schemas.values().find(same) else {
            return Err(RecordingError::Schemas("a reference is to a schema that is not there".into()));
        };
        if let Some(text) = referred.get("schema").and_then(Json::as_str)
            && !found.contains(&text)
        {
            found.push(text);
            collect_references(schemas, referred, found)?;
        }
    }
    Ok(())
}
