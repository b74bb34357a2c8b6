//! What a contract has to say beyond the form of its file.

use topic_names::{Helper, TopicKind, TopicName};

use crate::contract::{KeyFormat, Kind, Producer, TopicContract, ValueFormat};

/// What does not hold; empty if everything does.
pub(crate) fn broken(topic: &TopicName, contract: &TopicContract) -> Vec<String> {
    let mut problems = Vec::new();
    cleanup(contract, &mut problems);
    formats(topic, contract, &mut problems);
    producers(topic, contract, &mut problems);
    schema_history(topic, contract, &mut problems);
    problems
}

fn cleanup(contract: &TopicContract, problems: &mut Vec<String>) {
    let mut must = |holds: bool, problem: &str| {
        if !holds {
            problems.push(problem.to_owned());
        }
    };
    let config = &contract.config;
    let policy = config.cleanup_policy;
    must(
        !policy.compacts() || contract.key.format != KeyFormat::None,
        "compaction keeps the newest record of each key, and these records have no key: give them one, or write \"cleanup.policy\": \"delete\"",
    );
    must(
        contract.kind != Kind::Facts || !policy.compacts(),
        "compaction loses facts: write \"cleanup.policy\": \"delete\", or say that the kind is compacted_state",
    );
    must(
        contract.kind != Kind::CompactedState || policy.compacts(),
        "the kind is compacted_state, and nothing compacts it: write \"cleanup.policy\": \"compact\"",
    );
    must(
        policy.deletes() == config.retention_ms.is_some(),
        if policy.deletes() {
            "records are deleted by age, and no age is said: write \"retention.ms\""
        } else {
            "\"retention.ms\" does nothing where the policy does not delete: remove it"
        },
    );
    must(
        policy.compacts() || (config.delete_retention_ms, config.max_compaction_lag_ms) == (None, None),
        "\"delete.retention.ms\" and \"max.compaction.lag.ms\" do nothing where the policy does not compact: remove them",
    );
}

fn formats(topic: &TopicName, contract: &TopicContract, problems: &mut Vec<String>) {
    let (key, value) = (&contract.key, &contract.value);
    if key.format != KeyFormat::Avro && !key.subjects.is_empty() {
        problems.push("only an Avro key has subjects: remove `key.subjects`, or write \"format\": \"avro\"".into());
    }
    if value.format != ValueFormat::Avro && !value.subjects.is_empty() {
        problems.push("only an Avro value has subjects: remove `value.subjects`, or write \"format\": \"avro\"".into());
    }
    let of_event = matches!(topic.kind(), TopicKind::DomainEvent { .. });
    let undeclared = (key.format == KeyFormat::Avro && key.subjects.is_empty())
        || (value.format == ValueFormat::Avro && value.subjects.is_empty());
    if of_event && undeclared {
        problems.push("an event's schemas are ours: name the `subjects`, folders of events/schemas".into());
    }
    for path in &contract.person {
        if path.starts_with("key") && key.format == KeyFormat::None {
            problems.push(format!("`{path}` cannot name a person: there is no key"));
        }
    }
}

/// A connector writes its own topics, alone, and no others.
fn producers(topic: &TopicName, contract: &TopicContract, problems: &mut Vec<String>) {
    match topic.connector_prefix() {
        Some(prefix) => {
            if contract.producers != [Producer::Connector(prefix.clone())] {
                problems.push(format!(
                    "the connector {prefix} writes it, alone: write \"producers\": [{{\"connector\": \"{prefix}\"}}]"
                ));
            }
        }
        None => {
            if contract.producers.iter().any(|producer| matches!(producer, Producer::Connector(_))) {
                problems.push("a connector writes only topics that begin with its prefix: name the producer".into());
            }
        }
    }
}

/// MySQL's connector cannot start without each statement that it ever saw.
fn schema_history(topic: &TopicName, contract: &TopicContract, problems: &mut Vec<String>) {
    let of_history = matches!(topic.kind(), TopicKind::Helper { helper: Helper::SchemaHistory, .. });
    if of_history && (contract.partitions, contract.config.retention_ms) != (1, Some(-1)) {
        problems.push(
            "its connector reads it from the beginning at each start: write \"partitions\": 1 and \"retention.ms\": -1"
                .into(),
        );
    }
}
