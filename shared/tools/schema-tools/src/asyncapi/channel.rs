//! A topic as a channel: who owns it, what it holds, and how Kafka keeps it.

use serde_json::{Map, Value as Json, json};
use topic_contracts::{Kind, Producer, TopicConfig, TopicContract};
use topic_names::TopicName;

/// The version of the Kafka binding's channel object.
const BINDING: &str = "0.5.0";

pub(super) fn of(topic: &TopicName, contract: &TopicContract, messages: Map<String, Json>) -> Json {
    let owner = &contract.owner;
    let mut channel = json!({
        "address": topic.as_str(),
        "description": format!("{} {}", contract.description, written_by(&contract.producers)),
        "messages": messages,
        "tags": [
            super::tag(format!("owner:{owner}"), format!("The team {owner} decides about the topic and its schemas.")),
            super::tag(format!("kind:{}", contract.kind.in_words().replace(' ', "-")), meaning(contract.kind).to_owned()),
        ],
        "bindings": {
            "kafka": {
                "bindingVersion": BINDING,
                "topic": topic.as_str(),
                "partitions": contract.partitions,
                "topicConfiguration": configuration(&contract.config),
            },
        },
    });
    if !contract.person.is_empty() {
        channel["x-person"] = json!(contract.person);
    }
    channel
}

fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Facts => "Each record is needed; none replaces another.",
        Kind::ChangedRows => "Each record is a change of a row, in the order of the changes.",
        Kind::CompactedState => "The newest record of a key replaces the older ones.",
    }
}

/// Functions also have an operation; what is outside of this repository has only this sentence.
fn written_by(producers: &[Producer]) -> String {
    let names: Vec<_> = producers
        .iter()
        .map(|producer| match producer {
            Producer::Connector(prefix) => format!("the connector `{prefix}`"),
            Producer::Function(name) => format!("the function `{name}`"),
            Producer::Service(name) => format!("the service `{name}`"),
        })
        .collect();
    format!("Written by {}.", names.join(", "))
}

/// Kafka's words, in the types that the binding gives them.
fn configuration(config: &TopicConfig) -> Map<String, Json> {
    let typed = |(key, text): (&str, String)| {
        let value = match (key, text.parse::<i64>()) {
            ("cleanup.policy", _) => json!(text.split(',').collect::<Vec<_>>()),
            (_, Ok(number)) => json!(number),
            (_, Err(_)) => json!(text),
        };
        (key.to_owned(), value)
    };
    config.entries().into_iter().map(typed).collect()
}
