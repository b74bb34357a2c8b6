//! The schemas that the local registry starts with: those of the recordings and those in `events/schemas`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::workspace::Workspace;
use recordings::{Recording, RecordingError, RegisteredSchema};

/// Every schema of the repository by its local id. Recorded ones keep the id that they were recorded with; the id of any
/// other is computed from its subject and version, so it stays the same when schemas are added.
///
/// # Errors
/// When a recording or a schema cannot be read.
pub fn repository_schemas(workspace: &Workspace) -> Result<BTreeMap<u32, RegisteredSchema>, RecordingError> {
    let events = workspace.root().join("events");
    let mut schemas = BTreeMap::new();
    for folder in folders(&events.join("recorded"))? {
        schemas.extend(Recording::read(&folder)?.schemas);
    }
    for folder in folders(&events.join("schemas"))? {
        let subject = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if schemas.values().any(|recorded| recorded.subject == subject) {
            continue;
        }
        for version in 1.. {
            let path = folder.join(format!("v{version}.avsc"));
            let Ok(schema) = fs::read_to_string(&path) else { break };
            let registered = RegisteredSchema { subject: subject.clone(), version, schema, references: Vec::new() };
            schemas.insert(schema_id(&subject, version), registered);
        }
    }
    Ok(schemas)
}

/// The local id of a subject's version.
pub fn schema_id(subject: &str, version: u32) -> u32 {
    let hash = Sha256::digest(format!("{subject}/v{version}"));
    let bytes: [u8; 3] = [hash[0], hash[1], hash[2]];
    200_000_000 + bytes.iter().fold(0, |id, byte| id << 8 | u32::from(*byte))
}

fn folders(parent: &Path) -> Result<Vec<std::path::PathBuf>, RecordingError> {
    let missing = |source| RecordingError::Missing { path: parent.to_path_buf(), source };
    let entries = fs::read_dir(parent).map_err(missing)?.collect::<Result<Vec<_>, _>>().map_err(missing)?;
    let mut folders: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}
