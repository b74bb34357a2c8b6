//! The folder of contracts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use topic_names::{EnvironmentNames, EnvironmentNamesError, NamingRules, TopicName};

use crate::contract::TopicContract;
use crate::error::{TopicsError, Violation};
use crate::names::naming_rules;
use crate::{files, rules};

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
    /// Reads `events/topics` or a folder like it. Topics are named by the rules of `names.json` beside the folder.
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
        let form = files::validator(SCHEMA)?;
        let names = naming_rules(&beside(folder))?;
        let mut topics = Self { folder: folder.to_owned(), contracts: BTreeMap::new() };
        let mut violations = Vec::new();
        for path in files::in_folder(folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if BESIDE.contains(&name) {
                continue;
            }
            let Some(topic) = name.strip_suffix(".json") else { return Err(TopicsError::Stray { path }) };
            let json = files::json(&path)?;
            let mut violate = |problem| violations.push(Violation { topic: topic.to_owned(), problem });
            if let Some((name, contract)) = understood(topic, json, &form, &names, &mut violate) {
                topics.contracts.insert(name, contract);
            }
        }
        violations.extend(topics.alike());
        if topics.contracts.is_empty() && violations.is_empty() {
            return Err(TopicsError::NoTopics { folder: folder.to_owned() });
        }
        Ok((topics, violations))
    }

    /// The contracts by the names of their topics, as a plan takes them.
    pub fn by_name(&self) -> BTreeMap<String, &TopicContract> {
        self.contracts.iter().map(|(topic, contract)| (topic.to_string(), contract)).collect()
    }

    /// The contracts by the names that their topics have in an environment.
    ///
    /// # Errors
    /// What is wrong with these names: then not every topic has one of its own.
    pub fn in_cluster(
        &self,
        names: &EnvironmentNames,
    ) -> Result<BTreeMap<String, &TopicContract>, Vec<EnvironmentNamesError>> {
        let problems = names.problems(self.contracts.keys().map(TopicName::as_str));
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(self.contracts.iter().map(|(topic, contract)| (names.in_cluster(topic.as_str()), contract)).collect())
    }

    /// Topics of which Kafka creates only one.
    fn alike(&self) -> Vec<Violation> {
        let problems = EnvironmentNames::default().problems(self.contracts.keys().map(TopicName::as_str));
        let violation = |error: EnvironmentNamesError| match &error {
            EnvironmentNamesError::Alike { second, .. } => {
                Some(Violation { topic: second.clone(), problem: error.to_string() })
            }
            _ => None,
        };
        problems.into_iter().filter_map(violation).collect()
    }
}

fn understood(
    topic: &str,
    json: serde_json::Value,
    form: &Validator,
    names: &NamingRules,
    violate: &mut dyn FnMut(String),
) -> Option<(TopicName, TopicContract)> {
    let name = TopicName::by(names, topic).map_err(|error| violate(error.to_string())).ok();
    let wrong = files::not_of_form(form, &json);
    if !wrong.is_empty() {
        wrong.into_iter().for_each(violate);
        return None;
    }
    // What the schema of contracts takes can be read: a test compares both.
    let contract: TopicContract = serde_json::from_value(json).map_err(|error| violate(error.to_string())).ok()?;
    let name = name?;
    rules::broken(&name, &contract).into_iter().for_each(violate);
    Some((name, contract))
}

/// The folder that a folder is in.
fn beside(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) => parent.to_owned(),
        _ => folder.join(".."),
    }
}
