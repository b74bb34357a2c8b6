//! A topic's contract as rows of a table.

use topic_contracts::{Key, KeyFormat, Producer, TimestampType, TopicConfig, TopicContract, Value, ValueFormat};

const HOUR: i64 = 3_600_000;

/// `name`, `content` of each row.
pub(super) fn rows(contract: &TopicContract) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("owner", format!("**{}**", contract.owner)),
        ("kind", contract.kind.in_words().to_owned()),
        ("written by", listed(contract.producers.iter().map(producer))),
        ("key", key(&contract.key)),
        ("value", value(&contract.value)),
        ("names a person", person(&contract.person)),
        ("partitions", contract.partitions.to_string()),
        ("kept", kept(&contract.config)),
        ("largest batch", format!("{} bytes", contract.config.max_message_bytes)),
    ];
    let config = &contract.config;
    for (name, ms) in [
        ("tombstones", config.delete_retention_ms.map(|ms| format!("kept for {} after compaction", duration(ms)))),
        ("compacted", config.max_compaction_lag_ms.map(|ms| format!("after {} at most", duration(ms)))),
    ] {
        rows.extend(ms.map(|text| (name, text)));
    }
    rows
}

/// The key in a word or two, for the overview.
pub(super) fn key_format(key: &Key) -> &'static str {
    match key.format {
        KeyFormat::Avro => "Avro",
        KeyFormat::Text => "text",
        KeyFormat::None => "none",
    }
}

/// Who writes, with the page of a function.
pub(super) fn producer(producer: &Producer) -> String {
    match producer {
        Producer::Connector(prefix) => format!("the connector `{prefix}`"),
        Producer::Function(name) => format!("[{name}](../functions/{name}/README.md)"),
        Producer::Service(name) => name.clone(),
    }
}

fn listed(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn subjects(names: &[String]) -> String {
    let names = listed(names.iter().map(|name| format!("`{name}`")));
    if names.is_empty() {
        "with a schema that only the connector registers".to_owned()
    } else {
        format!("subject {names}")
    }
}

fn key(key: &Key) -> String {
    match key.format {
        KeyFormat::Avro => format!("Avro, {}. {}", subjects(&key.subjects), key.meaning),
        KeyFormat::Text => format!("plain UTF-8 without a frame. {}", key.meaning),
        KeyFormat::None => format!("none. {}", key.meaning),
    }
}

fn value(value: &Value) -> String {
    match value.format {
        ValueFormat::Avro => format!("Avro, {}", subjects(&value.subjects)),
        ValueFormat::Json => "a JSON document".to_owned(),
    }
}

fn person(paths: &[String]) -> String {
    if paths.is_empty() { "nowhere".to_owned() } else { listed(paths.iter().map(|path| format!("`{path}`"))) }
}

fn kept(config: &TopicConfig) -> String {
    let newest = if config.cleanup_policy.compacts() { "the newest record of each key" } else { "" };
    let age = match config.retention_ms {
        None => "",
        Some(-1) => "for ever",
        Some(ms) => &format!("for {} {}", duration(ms), since(config.timestamp_type)),
    };
    [newest, age].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn since(timestamp: TimestampType) -> &'static str {
    match timestamp {
        TimestampType::CreateTime => "from when the producer sent it (`CreateTime`)",
        TimestampType::LogAppendTime => "from when the broker received it (`LogAppendTime`)",
    }
}

fn duration(ms: i64) -> String {
    let hours = ms / HOUR;
    match (ms % HOUR, hours % 24) {
        (0, 0) if hours == 24 => "1 day".to_owned(),
        (0, 0) => format!("{} days", hours / 24),
        (0, _) => format!("{hours} hours"),
        (..) => format!("{ms} ms"),
    }
}
