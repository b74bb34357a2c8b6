//! Reading manifests from the folders of functions.

use std::io;
use std::path::Path;

use crate::error::ManifestError;
use crate::manifest::FunctionManifest;

/// The file of a manifest, in the folder of its function.
pub const FILE: &str = "function.json";

/// The manifests in the folders below `functions`, by name. A folder without one is not a function.
///
/// # Errors
/// When a folder or file cannot be read, or a manifest is not one of its folder's function.
pub fn read_all(functions: &Path) -> Result<Vec<FunctionManifest>, ManifestError> {
    let unreadable = |source| ManifestError::Read { path: functions.to_path_buf(), source };
    let mut folders = functions.read_dir().map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
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
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
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
/// When it does not have the fields that `functions/function.schema.json` describes, or has others.
pub fn parse(text: &str, path: &Path) -> Result<FunctionManifest, ManifestError> {
    serde_json::from_str(text)
        .map_err(|error| ManifestError::Form { path: path.to_path_buf(), problem: error.to_string() })
}
