//! What functions do with a topic: an operation for each that reads it, and for each that writes to it.

use serde_json::{Value as Json, json};
use topic_contracts::{Producer, TopicContract};
use topic_names::TopicName;

use crate::contracts::Contracts;

/// By `<function>.<action>.<topic>`. A consumer group is the environment's, so no operation names one.
pub(super) fn of(contracts: &Contracts, topic: &TopicName, contract: &TopicContract) -> Vec<(String, Json)> {
    let writers = contract.producers.iter().filter_map(|producer| match producer {
        Producer::Function(name) => Some((name.as_str(), "send")),
        Producer::Connector(_) | Producer::Service(_) => None,
    });
    let readers = contracts.readers(topic.as_str()).into_iter().map(|function| (function, "receive"));
    writers.chain(readers).map(|(function, action)| operation(topic, function, action)).collect()
}

/// Without a list of messages, an operation takes all of its channel.
fn operation(topic: &TopicName, function: &str, action: &str) -> (String, Json) {
    let does = if action == "send" { "writes to" } else { "reads" };
    let operation = json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{topic}") },
        "title": format!("{function} {does} {topic}"),
        "tags": [super::tag(format!("function:{function}"), format!("The function {function} {does} the topic."))],
    });
    (format!("{function}.{action}.{topic}"), operation)
}
