//! Checks the contracts of topics against the subjects: what one names, the other has.

use topic_contracts::TopicContract;
use topic_names::{Part, TopicKind, TopicName};

use crate::contracts::{Contracts, Subject, Use, has_field};

/// Tells of a topic that something about it does not hold.
pub(crate) type AboutTopic<'a> = dyn FnMut(&str, String) + 'a;
/// Tells of a subject and a version.
pub(crate) type About<'a> = dyn FnMut(Option<u32>, String) + 'a;

/// Contracts hold their own rules, and name subjects and fields that exist.
pub(crate) fn topics(contracts: &Contracts, about: &mut AboutTopic<'_>) {
    for violation in &contracts.violations {
        about(&violation.topic, violation.problem.clone());
    }
    for (topic, contract) in &contracts.topics.contracts {
        let mut about = |problem| about(topic.as_str(), problem);
        for name in contract.key.subjects.iter().chain(&contract.value.subjects) {
            if !contracts.subjects.contains_key(name) {
                about(format!(
                    "its subject `{name}` is not in events/schemas: write v1.avsc and subject.json, or correct the name"
                ));
            }
        }
        for path in &contract.person {
            if let Some(problem) = unnamed(contracts, contract, path) {
                about(problem);
            }
        }
    }
}

/// Why a path does not lead to a field of the newest versions.
fn unnamed(contracts: &Contracts, contract: &TopicContract, path: &str) -> Option<String> {
    let (part, rest) = path.split_once('.').map_or((path, None), |(part, rest)| (part, Some(rest)));
    let subjects = if part == "key" { &contract.key.subjects } else { &contract.value.subjects };
    match (rest, subjects.is_empty()) {
        (None, true) => None,
        (None, false) => Some(format!("`{path}` in \"person\" is a whole record: name one of its fields")),
        (Some(_), true) => Some(format!("`{path}` in \"person\" cannot be found, for the {part} has no subject here")),
        (Some(rest), false) => {
            let newest = subjects.iter().filter_map(|name| contracts.subjects.get(name)?.latest());
            let found = newest.into_iter().any(|version| has_field(&version.json, rest));
            (!found).then(|| {
                format!(
                    "`{path}` in \"person\" is not a field of the latest version: name the field that names a person"
                )
            })
        }
    }
}

/// A contract names the subject, and the subject is named as the contract says.
pub(crate) fn uses(contracts: &Contracts, subject: &Subject, about: &mut About<'_>) {
    let mut named = false;
    for found in contracts.uses(&subject.name) {
        named = true;
        names(subject, found, about);
    }
    if !named {
        let problem =
            "no contract in events/topics names this subject: add it to the `subjects` of its topic's key or value";
        about(None, problem.into());
    }
}

fn names(subject: &Subject, Use { topic, part, strategy, .. }: Use<'_>, about: &mut About<'_>) {
    for version in &subject.versions {
        match strategy.subject(topic.as_str(), part, version.record().as_deref()) {
            Ok(name) if name == subject.name => {}
            Ok(name) => {
                let problem = format!(
                    "the contract of `{topic}` names it for its {part}, whose subject is `{name}` by the strategy \
                     `{strategy}`: rename the folder or correct the contract"
                );
                about(Some(version.number), problem);
            }
            Err(error) => about(Some(version.number), error.to_string()),
        }
        if part == Part::Value {
            namespace(topic, version.number, version.record(), about);
        }
    }
}

/// An event's record has the namespace `<domain>.<entity>`.
fn namespace(topic: &TopicName, version: u32, record: Option<String>, about: &mut About<'_>) {
    if let TopicKind::DomainEvent { domain, entity, .. } = topic.kind()
        && let Some(record) = record
        && record.strip_prefix(&format!("{domain}.{entity}.")).is_none_or(|name| name.contains('.'))
    {
        let problem = format!("the record is `{record}`; an event of this topic has the namespace `{domain}.{entity}`");
        about(Some(version), problem);
    }
}
