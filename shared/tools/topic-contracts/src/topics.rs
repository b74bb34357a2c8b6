//! The folder of contracts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use topic_names::TopicName;

use crate::contract::TopicContract;
use crate::error::{TopicsError, Violation};
use crate::rules;

const SCHEMA: &str = include_str!("../../../../events/topics/topic.schema.json");
/// What may lie beside the contracts.
const BESIDE: [&str; 2] = ["topic.schema.json", "README.md"];

/// Every contract, by topic.
#[derive(Debug)]
pub struct Topics {
    /// Where they were read from.
    pub folder: PathBuf,
    /// By topic.
    pub contracts: BTreeMap<TopicName, TopicContract>,
}

impl Topics {
    /// Reads `events/topics` or a folder like it.
    ///
    /// # Errors
    /// When the folder cannot be read, a file is not JSON, or a contract breaks a rule; then all that are broken are named.
    pub fn read(folder: &Path) -> Result<Self, TopicsError> {
        let (topics, violations) = Self::load(folder)?;
        if violations.is_empty() { Ok(topics) } else { Err(TopicsError::Invalid(violations)) }
    }

    /// As [`read`](Self::read), for a caller that reports broken contracts: those that have the right form, and what does not hold.
    ///
    /// # Errors
    /// When the folder cannot be read or a file is not JSON.
    pub fn load(folder: &Path) -> Result<(Self, Vec<Violation>), TopicsError> {
        let form = validator()?;
        let mut topics = Self { folder: folder.to_owned(), contracts: BTreeMap::new() };
        let mut violations = Vec::new();
        for path in files(folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if BESIDE.contains(&name) {
                continue;
            }
            let Some(topic) = name.strip_suffix(".json") else { return Err(TopicsError::Stray { path }) };
            let json = json(&path)?;
            let mut violate = |problem| violations.push(Violation { topic: topic.to_owned(), problem });
            if let Some((name, contract)) = understood(topic, json, &form, &mut violate) {
                topics.contracts.insert(name, contract);
            }
        }
        if topics.contracts.is_empty() && violations.is_empty() {
            return Err(TopicsError::NoTopics { folder: folder.to_owned() });
        }
        Ok((topics, violations))
    }

    /// The contracts by the names of their topics, as a plan takes them.
    pub fn by_name(&self) -> BTreeMap<String, &TopicContract> {
        self.contracts.iter().map(|(topic, contract)| (topic.to_string(), contract)).collect()
    }
}

fn understood(
    topic: &str,
    json: serde_json::Value,
    form: &Validator,
    violate: &mut dyn FnMut(String),
) -> Option<(TopicName, TopicContract)> {
    let name = topic.parse::<TopicName>().map_err(|error| violate(error.to_string())).ok();
    let mut well_formed = true;
    for error in form.iter_errors(&json) {
        well_formed = false;
        violate(format!("{}: {error}", place(&error.instance_path().to_string())));
    }
    if !well_formed {
        return None;
    }
    // What the schema of contracts takes can be read: a test compares both.
    let contract: TopicContract = serde_json::from_value(json).map_err(|error| violate(error.to_string())).ok()?;
    let name = name?;
    rules::broken(&name, &contract).into_iter().for_each(violate);
    Some((name, contract))
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

fn validator() -> Result<Validator, TopicsError> {
    let unusable = |error: &dyn std::error::Error| TopicsError::Schema(error.to_string());
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).map_err(|error| unusable(&error))?;
    jsonschema::validator_for(&schema).map_err(|error| unusable(&error))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, TopicsError> {
    let failed = |source| TopicsError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn json(path: &Path) -> Result<serde_json::Value, TopicsError> {
    let text = std::fs::read_to_string(path).map_err(|source| TopicsError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| TopicsError::Json { path: path.to_owned(), source })
}
