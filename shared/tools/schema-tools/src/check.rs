//! Checks the contracts: names, documentation, and every version against its history.

use std::fmt;

use schema_registry::compatibility::{Level, conflicts};
use topic_names::{SubjectStrategy, TopicKind, TopicName};

use crate::contracts::{ContractError, Contracts, Key, Part, Subject, Version, fields};
use crate::example::Examples;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject.
    pub subject: String,
    /// The version, where it is about one.
    pub version: Option<u32>,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{} v{version}: {}", self.subject, self.problem),
            None => write!(f, "{}: {}", self.subject, self.problem),
        }
    }
}

/// Everything that does not hold; empty if everything holds.
///
/// # Errors
/// When an example's recording cannot be read.
pub fn check(contracts: &Contracts) -> Result<Vec<Finding>, ContractError> {
    let mut findings = Vec::new();
    let mut examples = Examples::default();
    for subject in contracts.subjects.values() {
        let mut about = |version, problem| {
            findings.push(Finding { subject: subject.name.clone(), version, problem });
        };
        names(subject, &mut about);
        statements(contracts, subject, &mut about);
        history(subject, &mut about);
        documentation(contracts, subject, &mut about);
        if let Err(problem) = examples.of(contracts, subject)? {
            about(None, format!("the example {problem}"));
        }
    }
    Ok(findings)
}

type About<'a> = dyn FnMut(Option<u32>, String) + 'a;

/// The topic follows the rules, and the subject is named after it.
fn names(subject: &Subject, about: &mut About<'_>) {
    let manifest = &subject.manifest;
    let topic = match manifest.topic.parse::<TopicName>() {
        Ok(topic) => topic,
        Err(error) => return about(None, error.to_string()),
    };
    let strategy = match manifest.strategy.parse::<SubjectStrategy>() {
        Ok(strategy) => strategy,
        Err(error) => return about(None, error.to_string()),
    };
    for version in &subject.versions {
        match strategy.subject(topic.as_str(), manifest.part.into(), version.record().as_deref()) {
            Ok(name) if name == subject.name => {}
            Ok(name) => about(
                Some(version.number),
                format!(
                    "its manifest (topic `{topic}`, part, strategy `{strategy}`) makes the subject `{name}`; rename the \
                     folder or correct the manifest"
                ),
            ),
            Err(error) => about(Some(version.number), error.to_string()),
        }
        if let TopicKind::DomainEvent { domain, entity, .. } = topic.kind()
            && let Some(record) = version.record()
            && record.strip_prefix(&format!("{domain}.{entity}.")).is_none_or(|name| name.contains('.'))
        {
            let problem =
                format!("the record is `{record}`; an event of this topic has the namespace `{domain}.{entity}`");
            about(Some(version.number), problem);
        }
    }
}

/// The manifest is complete.
fn statements(contracts: &Contracts, subject: &Subject, about: &mut About<'_>) {
    let manifest = &subject.manifest;
    for (what, text) in
        [("owner", &manifest.owner), ("description", &manifest.description), ("reason", &manifest.reason)]
    {
        if text.trim().is_empty() {
            about(None, format!("its `{what}` in subject.json is empty"));
        }
    }
    match (manifest.part, &manifest.key) {
        (Part::Value, None) => about(
            None,
            "subject.json has no \"key\": write {\"subject\": \"…-key\"} or {\"text\": \"its meaning\"}".into(),
        ),
        (Part::Key, Some(_)) => about(None, "a key has no key of its own; remove `key` from subject.json".into()),
        (Part::Value, Some(Key::Subject(key))) => match contracts.subjects.get(key) {
            Some(found) if found.manifest.part == Part::Key && found.manifest.topic == manifest.topic => {}
            Some(_) => about(None, format!("`{key}` is not the key of topic {}", manifest.topic)),
            None => about(None, format!("its key's subject `{key}` is not among the subjects")),
        },
        (Part::Value, Some(Key::Text(meaning))) if meaning.trim().is_empty() => {
            about(None, "the meaning of its key is empty in subject.json".into());
        }
        (Part::Value, Some(Key::Text(_))) | (Part::Key, None) => {}
    }
    let mut consumers = manifest.consumers.clone();
    consumers.sort();
    for pair in consumers.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            about(None, format!("its consumer {} is listed twice", a.function));
        }
    }
}

/// Every version is compatible with those before it, at the level of the subject.
fn history(subject: &Subject, about: &mut About<'_>) {
    let level = match subject.manifest.compatibility.parse::<Level>() {
        Ok(level) => level,
        Err(error) => return about(None, error.to_string()),
    };
    let mut before: Vec<(u32, &avro_decode::Schema)> = Vec::new();
    let mut texts: Vec<&Version> = Vec::new();
    for version in &subject.versions {
        for default in version.schema.invalid_defaults() {
            about(Some(version.number), format!("{default}; registries and other libraries refuse such a schema"));
        }
        for peculiarity in version.schema.peculiarities() {
            about(Some(version.number), format!("{peculiarity}; other libraries refuse such a schema"));
        }
        if let Some(same) = texts.iter().find(|old| old.json == version.json) {
            about(
                Some(version.number),
                format!("it is the same as v{}; a registry gives both one version", same.number),
            );
        }
        for conflict in conflicts(&version.schema, &before, level) {
            let problem = format!(
                "it breaks the level {level} of this subject: {conflict}\n  Change it to a compatible form, or use a new topic. Owner: {}",
                subject.manifest.owner
            );
            about(Some(version.number), problem.replace("the new version", &format!("v{}", version.number)));
        }
        before.push((version.number, &version.schema));
        texts.push(version);
    }
}

/// Every field has a description: in the schema, in the manifest, or among the connector's fields.
fn documentation(contracts: &Contracts, subject: &Subject, about: &mut About<'_>) {
    let mut known = Vec::new();
    for version in &subject.versions {
        for field in fields(&version.json) {
            if contracts.meaning(subject, &field).is_none() {
                let problem = format!(
                    "`{}` has no description: write a \"doc\" for it into the schema or, where a connector makes the \
                     schema, \"{}\" into \"fields\" of subject.json",
                    field.path, field.member
                );
                about(Some(version.number), problem);
            }
            known.push(field.member);
        }
    }
    for member in subject.manifest.fields.keys().filter(|member| !known.contains(member)) {
        about(None, format!("subject.json describes `{member}`, which no version contains: remove it"));
    }
}
