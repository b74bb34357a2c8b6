//! The messages of a topic: one for each subject of its values, with key, headers and payload.

use serde_json::{Map, Value as Json, json};
use topic_contracts::{Key, KeyFormat, TopicContract, ValueFormat};
use topic_names::{SubjectStrategy, TopicKind, TopicName};

use crate::contracts::{Contracts, Subject};

/// The version of the Kafka binding's message object: the newest whose schema takes a key in Avro, which 0.5.0 promises as
/// well and refuses.
const BINDING: &str = "0.4.0";
/// Of the versions that AsyncAPI's parsers know, the newest.
const AVRO: &str = "application/vnd.apache.avro;version=1.9.0";
/// The message of a topic without subjects of its own.
const RECORD: &str = "record";

/// By the names of their subjects.
pub(super) fn of(contracts: &Contracts, topic: &TopicName, contract: &TopicContract) -> Map<String, Json> {
    let mut messages = Map::new();
    for subject in subjects(contracts, &contract.value.subjects) {
        let mut message = common(contracts, topic, contract);
        if let Some(latest) = subject.latest() {
            message["name"] = json!(latest.record().unwrap_or_else(|| subject.name.clone()));
            message["title"] = json!(format!("{} v{}", subject.name, latest.number));
            message["payload"] = json!({ "schemaFormat": AVRO, "schema": latest.json });
        }
        messages.insert(subject.name.clone(), message);
    }
    if messages.is_empty() {
        let mut message = common(contracts, topic, contract);
        message["name"] = json!(topic.as_str());
        if contract.value.format == ValueFormat::Json {
            message["payload"] = json!({ "type": "object" });
        }
        messages.insert(RECORD.to_owned(), message);
    }
    messages
}

/// What all messages of a topic have.
fn common(contracts: &Contracts, topic: &TopicName, contract: &TopicContract) -> Json {
    let mut message = json!({
        "description": description(contract),
        "contentType": match contract.value.format {
            ValueFormat::Avro => "application/avro",
            ValueFormat::Json => "application/json",
        },
        "bindings": { "kafka": binding(contracts, contract) },
    });
    if let TopicKind::DomainEvent { .. } = topic.kind() {
        message["headers"] = headers(topic);
    }
    message
}

fn description(contract: &TopicContract) -> String {
    let key = match contract.key.format {
        KeyFormat::None => format!("Without a key. {}", contract.key.meaning),
        KeyFormat::Text | KeyFormat::Avro => format!("Key: {}", contract.key.meaning),
    };
    let unknown = contract.value.format == ValueFormat::Avro && contract.value.subjects.is_empty();
    if unknown { format!("{key} The producer alone registers the schema.") } else { key }
}

fn binding(contracts: &Contracts, contract: &TopicContract) -> Json {
    let mut binding = json!({ "bindingVersion": BINDING });
    if let Some(key) = key(contracts, &contract.key) {
        binding["key"] = key;
    }
    if !contract.value.subjects.is_empty() {
        binding["schemaLookupStrategy"] = json!(match contract.value.strategy.0 {
            SubjectStrategy::TopicName => "TopicNameStrategy",
            SubjectStrategy::RecordName => "RecordNameStrategy",
            SubjectStrategy::TopicRecordName => "TopicRecordNameStrategy",
        });
    }
    binding
}

/// The key's schema, where it is known. Of several subjects the binding takes all, as a union.
fn key(contracts: &Contracts, key: &Key) -> Option<Json> {
    match key.format {
        KeyFormat::None => None,
        KeyFormat::Text => Some(json!({ "type": "string", "description": key.meaning })),
        KeyFormat::Avro => {
            let latest = subjects(contracts, &key.subjects).filter_map(Subject::latest);
            let mut schemas: Vec<_> = latest.map(|version| version.json.clone()).collect();
            if schemas.len() > 1 { Some(Json::Array(schemas)) } else { schemas.pop() }
        }
    }
}

fn subjects<'a>(contracts: &'a Contracts, names: &'a [String]) -> impl Iterator<Item = &'a Subject> {
    names.iter().filter_map(|name| contracts.subjects.get(name))
}

/// The headers of our events: CloudEvents 1.0 in the binary mode of its Kafka binding, and the trace.
fn headers(topic: &TopicName) -> Json {
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    json!({
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": { "type": "string", "const": "1.0", "description": "The version of CloudEvents." },
            "ce_id": text("The event's id: an event that is published twice has the same one."),
            "ce_type": { "type": "string", "const": topic.as_str(), "description": "What happened." },
            "ce_source": {
                "type": "string",
                "format": "uri-reference",
                "description": "Where the event comes from; ids are unique within it.",
            },
            "ce_time": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened. The record's timestamp is the time of sending.",
            },
            "content-type": { "type": "string", "const": "application/avro", "description": "The value is Avro." },
            "traceparent": {
                "type": "string",
                "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
                "description": "The trace in which the event was published, in W3C's form.",
            },
        },
    })
}
