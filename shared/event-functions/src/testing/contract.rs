//! What of a topic's contract, `events/topics/<topic>.json`, counts for the check of schemas.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Contract {
    pub(super) owner: String,
    pub(super) key: Side,
    pub(super) value: Side,
}

/// The key or the value.
#[derive(Deserialize)]
pub(super) struct Side {
    #[serde(default)]
    format: Format,
    #[serde(default)]
    subjects: Vec<String>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Avro,
    #[serde(other)]
    Other,
}

impl Side {
    /// The subjects of the schemas; none where keys are not Avro. A function reads values as Avro always.
    pub(super) fn subjects(self, side: &str, topic: &str) -> Result<Vec<String>, String> {
        if self.subjects.is_empty() && (side == "value" || self.format == Format::Avro) {
            return Err(format!(
                "events/topics/{topic}.json names no schema of its {side}s, so none can be checked: write `{side}.subjects`"
            ));
        }
        Ok(self.subjects)
    }
}

/// The contract of a topic, in the folder beside that of the schemas.
pub(super) fn read(schemas: &Path, topic: &str) -> Result<Contract, String> {
    let path = schemas.with_file_name("topics").join(format!("{topic}.json"));
    let text = text_of(&path)?.ok_or_else(|| {
        format!(
            "there is no events/topics/{topic}.json: write the topic's contract, or call `.schemas_elsewhere()` on the \
             function if its topics are not in this repository"
        )
    })?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a file contains; `None` where there is no such file. A file that is there and cannot be read is an error: without
/// it and those behind it the check would pass.
pub(super) fn text_of(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}
