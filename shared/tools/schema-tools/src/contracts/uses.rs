//! Which topics a subject belongs to, and what their contracts say about it.

use topic_contracts::TopicContract;
use topic_names::{Part, SubjectStrategy, TopicName};

/// A topic whose keys or values have a subject's schema.
#[derive(Debug, Clone, Copy)]
pub struct Use<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// Its contract.
    pub contract: &'a TopicContract,
    /// Its keys or its values.
    pub part: Part,
    /// How the contract says that the subject is named.
    pub strategy: SubjectStrategy,
}

impl super::Contracts {
    /// The topics whose contracts name a subject; with the strategy `record` it may be several.
    pub fn uses<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = Use<'a>> {
        self.topics.contracts.iter().flat_map(move |(topic, contract)| {
            let parts = [
                (Part::Key, &contract.key.subjects, contract.key.strategy),
                (Part::Value, &contract.value.subjects, contract.value.strategy),
            ];
            let named = parts.into_iter().filter(move |(_, subjects, _)| subjects.iter().any(|name| name == subject));
            named.map(move |(part, _, strategy)| Use { topic, contract, part, strategy: strategy.0 })
        })
    }

    /// The team that decides about a subject: its topic's owner.
    pub fn owner<'a>(&'a self, subject: &'a str) -> &'a str {
        self.uses(subject)
            .next()
            .map_or("nobody, for no contract of a topic names the subject", |found| found.contract.owner.as_str())
    }

    /// Whether a subject has the schemas of keys or of values.
    pub fn part(&self, subject: &super::Subject) -> Part {
        let by_name = || SubjectStrategy::topic_and_part(&subject.name).map(|(_, part)| part);
        self.uses(&subject.name).next().map(|found| found.part).or_else(by_name).unwrap_or(Part::Value)
    }
}
