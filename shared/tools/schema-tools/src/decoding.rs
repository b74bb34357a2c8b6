//! Decodes the records of a recording, each by a plan for the schema that it was written with.

use std::collections::HashMap;
use std::path::Path;

use avro_decode::{DecodeError, Limits, Plan, ResolveError, Schema, SchemaError, Value};
use recordings::{Expected, Frame, FrameError, Record, Recording, RecordingError, RegisteredSchema};
use serde_json::Value as Json;

use crate::rendering::render;

/// A recording, with a plan for each of its schemas.
#[derive(Debug)]
pub struct Decoder {
    plans: HashMap<u32, Plan<Value<'static>>>,
    recording: Recording,
}

/// One record of the recording.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The line of `records.jsonl`, from 1.
    pub line: usize,
    /// `{"key": …, "value": …}`, or why that cannot be had.
    pub rendered: Result<Json, DecodingError>,
    /// What the recording says it should be.
    pub expected: Option<&'a Expected>,
}

/// What can be wrong with a recording.
#[derive(Debug, thiserror::Error)]
pub enum DecodingError {
    /// The folder is not a recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A schema of `schemas.json` is not Avro.
    #[error("schemas.json, id {id}")]
    Schema {
        /// The registry's id.
        id: u32,
        /// Why.
        source: SchemaError,
    },
    /// A schema refers to one that is not in `schemas.json`.
    #[error("schemas.json, id {id}: a reference is to a subject and version that the file does not contain")]
    Reference {
        /// The registry's id.
        id: u32,
    },
    /// No plan can be made for a schema of `schemas.json`.
    #[error("schemas.json, id {id}")]
    Resolve {
        /// The registry's id.
        id: u32,
        /// Why.
        source: ResolveError,
    },
    /// A key or value is not a frame.
    #[error("the {part} cannot be read")]
    Frame {
        /// `key` or `value`.
        part: &'static str,
        /// Why.
        source: FrameError,
    },
    /// A key or value was written with a schema that is not in `schemas.json`.
    #[error("{part}: schema id {id} is not in schemas.json")]
    NoSchema {
        /// `key` or `value`.
        part: &'static str,
        /// The registry's id.
        id: u32,
    },
    /// The key or value does not decode.
    #[error("{part}")]
    Decode {
        /// `key` or `value`.
        part: &'static str,
        /// Why.
        source: DecodeError,
    },
}

impl DecodingError {
    /// Whether the folder itself is unusable, rather than one datum wrong.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Recording(_)
            | Self::Schema { .. }
            | Self::Reference { .. }
            | Self::Resolve { .. }
            | Self::Frame { .. }
            | Self::NoSchema { .. } => true,
            Self::Decode { .. } => false,
        }
    }
}

impl Decoder {
    /// Reads the folder and compiles its schemas.
    ///
    /// # Errors
    /// When a file cannot be read, or a schema is not valid.
    pub fn open(folder: &Path) -> Result<Self, DecodingError> {
        let recording = Recording::read(folder)?;
        let plan = |(id, schema): (&u32, &RegisteredSchema)| Ok((*id, plan(&recording, *id, schema)?));
        let plans = recording.schemas.iter().map(plan).collect::<Result<_, DecodingError>>()?;
        Ok(Self { plans, recording })
    }

    /// The records in the order of the file.
    pub fn records(&self) -> impl Iterator<Item = Decoded<'_>> {
        self.recording.records.iter().map(|record| Decoded {
            line: record.line,
            rendered: self.render(record),
            expected: record.expect.as_ref(),
        })
    }

    fn render(&self, record: &Record) -> Result<Json, DecodingError> {
        let key = self.part("key", record.key_frame())?;
        let value = self.part("value", record.value_frame())?;
        Ok(serde_json::json!({ "key": key, "value": value }))
    }

    fn part(&self, part: &'static str, frame: Result<Option<Frame>, FrameError>) -> Result<Json, DecodingError> {
        let frame = frame.map_err(|source| DecodingError::Frame { part, source })?;
        let Some(Frame { schema_id: id, datum }) = frame else { return Ok(Json::Null) };
        let plan = self.plans.get(&id).ok_or(DecodingError::NoSchema { part, id })?;
        let value = plan.decode(&datum).map_err(|source| DecodingError::Decode { part, source })?;
        Ok(render(&value))
    }
}

fn plan(recording: &Recording, id: u32, schema: &RegisteredSchema) -> Result<Plan<Value<'static>>, DecodingError> {
    let mut references = Vec::new();
    collect_references(recording, id, schema, &mut references)?;
    let schema = Schema::parse_with_references(&schema.schema, &references)
        .map_err(|source| DecodingError::Schema { id, source })?;
    Plan::compile(&schema, &Limits::default()).map_err(|source| DecodingError::Resolve { id, source })
}

/// The texts of the schemas that `schema` refers to by subject and version, with those that they refer to.
fn collect_references<'a>(
    recording: &'a Recording,
    id: u32,
    schema: &RegisteredSchema,
    found: &mut Vec<&'a str>,
) -> Result<(), DecodingError> {
    for reference in &schema.references {
        let same = |other: &&RegisteredSchema| {
            reference["subject"] == other.subject.as_str() && reference["version"] == other.version
        };
        let referred = recording.schemas.values().find(same).ok_or(DecodingError::Reference { id })?;
        if !found.contains(&referred.schema.as_str()) {
            found.push(&referred.schema);
            collect_references(recording, id, referred, found)?;
        }
    }
    Ok(())
}
