//! Checks the contracts: of topics, and of subjects: documentation, and every version against its history.

use std::fmt;

use schema_registry::compatibility::{Level, conflicts};

use crate::check_functions::functions;
use crate::check_topics::{About, topics, uses};
use crate::contracts::{ContractError, Contracts, Subject, Version, fields};
use crate::example::Examples;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject, topic or function.
    pub of: String,
    /// The version, where it is about one.
    pub version: Option<u32>,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{} v{version}: {}", self.of, self.problem),
            None => write!(f, "{}: {}", self.of, self.problem),
        }
    }
}

/// Everything that does not hold; empty if everything holds.
///
/// # Errors
/// When an example's recording cannot be read.
pub fn check(contracts: &Contracts) -> Result<Vec<Finding>, ContractError> {
    let mut findings = Vec::new();
    topics(contracts, &mut |topic, problem| findings.push(Finding { of: topic.to_owned(), version: None, problem }));
    functions(contracts, &mut |function, problem| {
        findings.push(Finding { of: function.to_owned(), version: None, problem });
    });
    let mut examples = Examples::default();
    for subject in contracts.subjects.values() {
        let mut about = |version, problem| {
            findings.push(Finding { of: subject.name.clone(), version, problem });
        };
        uses(contracts, subject, &mut about);
        statements(subject, &mut about);
        history(contracts, subject, &mut about);
        documentation(contracts, subject, &mut about);
        if let Err(problem) = examples.of(contracts, subject)? {
            about(None, format!("the example {problem}"));
        }
    }
    Ok(findings)
}

/// The manifest is complete.
fn statements(subject: &Subject, about: &mut About<'_>) {
    let manifest = &subject.manifest;
    if manifest.reason.trim().is_empty() {
        about(None, "its `reason` in subject.json is empty".into());
    }
}

/// Every version is compatible with those before it, at the level of the subject.
fn history(contracts: &Contracts, subject: &Subject, about: &mut About<'_>) {
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
                contracts.owner(&subject.name)
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
