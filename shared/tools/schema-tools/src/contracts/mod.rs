//! What is said about topics: their contracts, and a folder for each subject with its manifest and the versions of its schema.

mod error;
mod fields;
mod manifest;
mod paths;
mod uses;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use avro_decode::Schema;
use function_manifests::FunctionManifest;
use schema_registries::NewSchema;
use serde_json::Value as Json;
use topic_contracts::{Topics, Violation};

pub use error::ContractError;
pub use fields::{Field, Meanings, fields};
pub use manifest::{Example, Manifest};
pub use paths::has_field;
pub use uses::Use;

/// The manifest in the folder of each subject.
const MANIFEST: &str = "subject.json";
/// Descriptions of the fields that a connector adds around a table's rows.
const CONNECTOR_FIELDS: &str = "connector-fields.json";

/// The folder of the functions, beside that of all events.
const FUNCTIONS: &str = "functions";
/// The folder of the topics' contracts, beside the subjects'.
const TOPICS: &str = "topics";

/// All subjects, by name, and the topics that they belong to.
#[derive(Debug)]
pub struct Contracts {
    /// Where they were read from.
    pub folder: PathBuf,
    /// By name.
    pub subjects: BTreeMap<String, Subject>,
    /// Descriptions of the fields that a connector adds around a table's rows.
    pub connector_fields: Meanings,
    /// The topics' contracts.
    pub topics: Topics,
    /// Contracts of topics that break a rule of their own.
    pub violations: Vec<Violation>,
    /// What the functions declare that read topics; none where there is no such folder.
    pub functions: Vec<FunctionManifest>,
}

/// A subject: the history of one schema.
#[derive(Debug)]
pub struct Subject {
    /// As the registry names it.
    pub name: String,
    /// Its compatibility level and its fields.
    pub manifest: Manifest,
    /// From 1 on, without gaps; at least one.
    pub versions: Vec<Version>,
}

/// One version of a subject's schema.
#[derive(Debug)]
pub struct Version {
    /// From 1.
    pub number: u32,
    /// The file, as it is.
    pub text: String,
    /// The schema as JSON.
    pub json: Json,
    /// The schema, parsed.
    pub schema: Schema,
}

impl Contracts {
    /// Reads `events/schemas` or a folder like it, `topics` beside it, and `functions` beside `events`.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file in it is malformed. [`crate::check()`] checks the content of the files.
    pub fn read(folder: &Path) -> Result<Self, ContractError> {
        let mut subjects = BTreeMap::new();
        for path in entries(folder)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if path.is_dir() {
                subjects.insert(name.to_owned(), Subject::read(name, &path)?);
            }
        }
        if subjects.is_empty() {
            return Err(ContractError::NoSubjects { folder: folder.to_owned() });
        }
        let meanings = folder.join(CONNECTOR_FIELDS);
        let connector_fields = if meanings.exists() { parse(&meanings)? } else { Meanings::default() };
        let (topics, violations) = Topics::load(&folder.join("..").join(TOPICS))?;
        let functions = folder.join("../..").join(FUNCTIONS);
        let functions = if functions.is_dir() { function_manifests::read_all(&functions)? } else { Vec::new() };
        Ok(Self { folder: folder.to_owned(), subjects, connector_fields, topics, violations, functions })
    }

    /// The functions that read a topic.
    pub fn readers(&self, topic: &str) -> Vec<&str> {
        let readers = self.functions.iter().filter(|function| function.topic() == Some(topic));
        readers.map(|function| function.function.as_str()).collect()
    }
}

impl Subject {
    fn read(name: &str, folder: &Path) -> Result<Self, ContractError> {
        let manifest_file = folder.join(MANIFEST);
        if !manifest_file.exists() {
            return Err(ContractError::NoManifest { folder: folder.to_owned() });
        }
        let manifest: Manifest = parse(&manifest_file)?;
        let mut versions = Vec::new();
        for path in entries(folder)? {
            if path == manifest_file {
                continue;
            }
            let number = path.file_name().and_then(|name| name.to_str()).and_then(version_of);
            let number = number.ok_or_else(|| ContractError::Stray { path: path.clone() })?;
            versions.push(Version::read(number, &path)?);
        }
        versions.sort_by_key(|version| version.number);
        for (index, version) in versions.iter().enumerate() {
            let expected = index as u32 + 1;
            if version.number != expected {
                return Err(ContractError::Gap { folder: folder.to_owned(), missing: expected });
            }
        }
        if versions.is_empty() {
            return Err(ContractError::Gap { folder: folder.to_owned(), missing: 1 });
        }
        Ok(Self { name: name.to_owned(), manifest, versions })
    }

    /// The version that was written last.
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

impl Version {
    fn read(number: u32, path: &Path) -> Result<Self, ContractError> {
        let text = read(path)?;
        let json: Json = parse_text(path, &text)?;
        let schema = Schema::parse(&json.to_string())
            .map_err(|source| ContractError::Schema { path: path.to_owned(), source })?;
        Ok(Self { number, text, json, schema })
    }

    /// As a registry takes it: the text of the file.
    pub(crate) fn to_register(&self) -> NewSchema {
        NewSchema { schema: self.text.clone(), references: Vec::new() }
    }

    /// The record's full name, if the schema is a record.
    pub fn record(&self) -> Option<String> {
        let text = |key: &str| self.json.get(key).and_then(Json::as_str);
        match (text("type"), text("name"), text("namespace")) {
            (Some("record"), Some(name), Some(namespace)) if !name.contains('.') => Some(format!("{namespace}.{name}")),
            (Some("record"), Some(name), _) => Some(name.to_owned()),
            _ => None,
        }
    }
}

/// `v12.avsc` is version 12.
fn version_of(file: &str) -> Option<u32> {
    let digits = file.strip_prefix('v')?.strip_suffix(".avsc")?;
    let number: u32 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some(number)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ContractError> {
    let failed = |source| ContractError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ContractError> {
    parse_text(path, &read(path)?)
}

fn read(path: &Path) -> Result<String, ContractError> {
    std::fs::read_to_string(path).map_err(|source| ContractError::Read { path: path.to_owned(), source })
}

fn parse_text<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ContractError> {
    serde_json::from_str(text).map_err(|source| ContractError::Json { path: path.to_owned(), source })
}
