//! Example records: taken from a recording, or written by hand and passed through the schema.

use std::collections::HashMap;

use avro_decode::{Limits, Plan};
use serde_json::Value as Json;
use topic_names::Part;

use crate::causes::with_causes;
use crate::contracts::{ContractError, Contracts, Example, Subject};
use crate::decoding::Decoder;
use crate::rendering::render;

/// Examples by subject; a recording is read once.
#[derive(Debug, Default)]
pub struct Examples {
    recordings: HashMap<String, HashMap<usize, Json>>,
}

/// Why an example cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoExample {
    /// The manifest names a line but no recording.
    #[error("names a line, but subject.json names no \"recording\"")]
    NoRecording,
    /// The recording does not have the line, or it does not decode.
    #[error("names line {line}, in which the recording {recording} has no readable record")]
    NoLine {
        /// The recording.
        recording: String,
        /// The line.
        line: usize,
    },
    /// The example does not have the schema's form.
    #[error("does not have the form of the latest version: {0}")]
    Form(String),
}

impl Examples {
    /// `{"key", "value"}` of a subject of values, the key alone of a subject of keys.
    ///
    /// # Errors
    /// When a recording cannot be read. The inner error is about the example itself.
    pub fn of(&mut self, contracts: &Contracts, subject: &Subject) -> Result<Result<Json, NoExample>, ContractError> {
        let record = match (&subject.manifest.example, &subject.manifest.recording) {
            (Example::Recorded { .. }, None) => return Ok(Err(NoExample::NoRecording)),
            (Example::Recorded { line }, Some(recording)) => match self.line(contracts, subject, recording, *line)? {
                Some(record) => record,
                None => return Ok(Err(NoExample::NoLine { recording: recording.clone(), line: *line })),
            },
            (Example::Written { key, value }, _) => match through_schema(subject, value) {
                Ok(value) => serde_json::json!({ "key": key, "value": value }),
                Err(error) => return Ok(Err(error)),
            },
        };
        Ok(Ok(match contracts.part(subject) {
            Part::Key => record.get("key").cloned().unwrap_or_default(),
            Part::Value => record,
        }))
    }

    fn line(
        &mut self,
        contracts: &Contracts,
        subject: &Subject,
        name: &str,
        line: usize,
    ) -> Result<Option<Json>, ContractError> {
        if !self.recordings.contains_key(name) {
            let folder = contracts.recordings().join(name);
            let decoder = Decoder::open(&folder).map_err(|source| ContractError::Recording {
                subject: subject.name.clone(),
                source: Box::new(source),
            })?;
            let records = decoder.records().filter_map(|record| Some((record.line, record.rendered.ok()?)));
            self.recordings.insert(name.to_owned(), records.collect());
        }
        Ok(self.recordings.get(name).and_then(|records| records.get(&line)).cloned())
    }
}

/// Encodes the JSON by the latest version and decodes it again: an example that cannot be written is refused.
fn through_schema(subject: &Subject, json: &Json) -> Result<Json, NoExample> {
    let form = |error: &dyn std::error::Error| NoExample::Form(with_causes(error));
    let Some(latest) = subject.latest() else { return Err(NoExample::Form("there is none".into())) };
    let bytes = recordings::encode(&latest.json.to_string(), json).map_err(|error| form(&error))?;
    let plan = Plan::<avro_decode::Value<'static>>::compile(&latest.schema, &Limits::default())
        .map_err(|error| form(&error))?;
    let rendered = render(&plan.decode(&bytes).map_err(|error| form(&error))?);
    // The encoder leaves out what the schema does not have: an example has nothing more.
    let differences = crate::differences(&rendered, json, 3);
    if differences.is_empty() {
        Ok(rendered)
    } else {
        Err(NoExample::Form(format!("what comes out of it differs at {}", differences.join("; "))))
    }
}
