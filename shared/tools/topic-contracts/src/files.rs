//! Reads files of JSON, and compares them with a JSON Schema.

use std::path::{Path, PathBuf};

use jsonschema::Validator;

use crate::error::TopicsError;

/// The schema of a kind of file.
pub(crate) fn validator(schema: &str) -> Result<Validator, TopicsError> {
    let unusable = |error: &dyn std::error::Error| TopicsError::Schema(error.to_string());
    let schema: serde_json::Value = serde_json::from_str(schema).map_err(|error| unusable(&error))?;
    jsonschema::validator_for(&schema).map_err(|error| unusable(&error))
}

/// What in a file is not as its schema says, each with its place.
pub(crate) fn not_of_form(form: &Validator, json: &serde_json::Value) -> Vec<String> {
    form.iter_errors(json).map(|error| format!("{}: {error}", place(&error.instance_path().to_string()))).collect()
}

/// The files of a folder, in order.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, TopicsError> {
    let failed = |source| TopicsError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

pub(crate) fn json(path: &Path) -> Result<serde_json::Value, TopicsError> {
    let text = std::fs::read_to_string(path).map_err(|source| TopicsError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| TopicsError::Json { path: path.to_owned(), source })
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}
