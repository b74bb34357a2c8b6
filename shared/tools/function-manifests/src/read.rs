//! Reading manifests from the folders of functions.

use std::io;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::error::ManifestError;
use crate::manifest::FunctionManifest;

/// The file of a manifest, in the folder of its function.
pub const FILE: &str = "function.json";

static SCHEMA: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../../../../functions/function.schema.json"))
        .map_err(|error| format!("function.schema.json is not JSON: {error}"))?;
    jsonschema::validator_for(&schema).map_err(|error| format!("function.schema.json is not a JSON Schema: {error}"))
});

/// The manifests in the folders below `functions`, by name. A folder without one is not a function.
///
/// # Errors
/// When a folder or file cannot be read, or a manifest is not one of its folder's function.
pub fn read_all(functions: &Path) -> Result<Vec<FunctionManifest>, ManifestError> {
    let unreadable = |source| ManifestError::Read { path: functions.to_path_buf(), source };
    let mut folders =
        functions.read_dir().map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    folders.sort_by_key(std::fs::DirEntry::file_name);
    folders.iter().filter_map(|folder| read(&folder.path()).transpose()).collect()
}

/// The manifest in the folder of a function, if there is one.
///
/// # Errors
/// When it cannot be read, or is not the manifest of this folder's function.
pub fn read(folder: &Path) -> Result<Option<FunctionManifest>, ManifestError> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(source) => return Err(ManifestError::Read { path, source }),
    };
    let manifest = parse(&text, &path)?;
    match folder.file_name().is_some_and(|name| name == manifest.function.as_str()) {
        true => Ok(Some(manifest)),
        false => Err(ManifestError::OfAnother { path, function: manifest.function }),
    }
}

/// A manifest from what `--manifest` prints; errors name `path`.
///
/// # Errors
/// When it does not have the form of `functions/function.schema.json`.
pub fn parse(text: &str, path: &Path) -> Result<FunctionManifest, ManifestError> {
    let form = |problem| ManifestError::Form { path: path.to_path_buf(), problem };
    let value: Value = serde_json::from_str(text).map_err(|error| form(error.to_string()))?;
    let schema = SCHEMA.as_ref().map_err(|error| form(error.clone()))?;
    if let Some(error) = schema.iter_errors(&value).next() {
        return Err(form(format!("{error} at {}", error.instance_path())));
    }
    serde_json::from_value(value).map_err(|error| form(error.to_string()))
}
