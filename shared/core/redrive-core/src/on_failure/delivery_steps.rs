//! Instructions for a document without records: which records failed, how to look at them, how to deliver them again.

use super::document::{Condition, OffsetRange, OnFailureDocument, topic_and_partition};

/// The instructions, line by line. Commands are complete except for values that the document does not have, which are in
/// angle brackets.
pub(crate) fn delivery_steps(document: &OnFailureDocument) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(cause(&document.condition).to_owned());
    for (name, range) in &document.batch.partitions {
        let Some((topic, partition)) = topic_and_partition(name) else {
            lines.push(format!("{name}: not a topic and a partition"));
            continue;
        };
        lines.push(format!("topic {topic}, partition {partition}, {}", offsets(range)));
        lines.push(format!("  look at the records:   {}", consumer_command(document, topic, partition, range)));
    }
    let topics = document.topics();
    for topic in &topics {
        lines.push(format!(
            "deliver {topic} again, through a separate mapping that starts at the first of these records:"
        ));
        lines.push(format!("  {}", mapping_command(document, topic)));
    }
    if !topics.is_empty() {
        lines.push(
            "  The mapping also delivers records around these, which the function recognises as duplicates. Delete it \
             when it has passed the last offset:"
                .to_owned(),
        );
        lines.push("  aws lambda delete-event-source-mapping --uuid <its UUID>".to_owned());
    }
    lines.push("then remove this document: `redrive resolve <id> --done --yes`".to_owned());
    lines
}

fn cause(condition: &Condition) -> &'static str {
    match condition {
        Condition::RetriesExhausted => "The function kept failing. Find the cause in its logs and fix it first.",
        Condition::PayloadTooLarge => {
            "A record does not fit into an invocation (6 MB), so delivering it again will not help. Read it from the topic."
        }
        Condition::SchemaNotFound => "The mapping found no schema. Register it first.",
        Condition::Undecodable => "The mapping could not decode a record. Look at the record and its schema first.",
        Condition::Other(_) => "The mapping gave up for a reason that is not in AWS's documentation; see the document.",
    }
}

fn offsets(range: &OffsetRange) -> String {
    match (range.first_offset, range.last_offset) {
        (Some(first), Some(last)) if first == last => format!("offset {first}"),
        (Some(first), Some(last)) => format!("offsets {first} to {last}"),
        (Some(first), None) => format!("offsets from {first}"),
        (None, Some(last)) => format!("offsets up to {last}"),
        (None, None) => "offsets unknown".to_owned(),
    }
}

/// The command that prints the records.
fn consumer_command(document: &OnFailureDocument, topic: &str, partition: &str, range: &OffsetRange) -> String {
    let servers = document.batch.bootstrap_servers.as_deref().unwrap_or("<host:port>");
    let first = range.first_offset.map_or_else(|| "<offset>".to_owned(), |first| first.to_string());
    let count = match (range.first_offset, range.last_offset) {
        (Some(first), Some(last)) if last >= first => last.saturating_sub(first).saturating_add(1).to_string(),
        _ => "<count>".to_owned(),
    };
    format!(
        "kafka-console-consumer.sh --bootstrap-server {servers} --topic {topic} --partition {partition} \
         --offset {first} --max-messages {count}"
    )
}

/// The command that creates a mapping which delivers the topic again. A mapping cannot start at an offset, so it starts
/// at a time (`AT_TIMESTAMP`).
fn mapping_command(document: &OnFailureDocument, topic: &str) -> String {
    let function = document.function_name().unwrap_or("<function>");
    let of_topic = |name: &str| topic_and_partition(name).is_some_and(|(found, _)| found == topic);
    let start = document
        .batch
        .partitions
        .iter()
        .filter(|(name, _)| of_topic(name))
        .filter_map(|(_, range)| range.first_timestamp.as_deref())
        .min()
        .unwrap_or("<time of the first record>");
    let cluster = match &document.batch.event_source_arn {
        Some(arn) => format!("--event-source-arn {arn}"),
        None => {
            let servers = document.batch.bootstrap_servers.as_deref().unwrap_or("<host:port>");
            let servers = servers.split(',').map(|server| format!("\"{server}\"")).collect::<Vec<_>>().join(",");
            format!(
                "--self-managed-event-source '{{\"Endpoints\":{{\"KAFKA_BOOTSTRAP_SERVERS\":[{servers}]}}}}' \
                 --source-access-configurations <as in the function's own mapping>"
            )
        }
    };
    format!(
        "aws lambda create-event-source-mapping --function-name {function} {cluster} --topics {topic} \
         --starting-position AT_TIMESTAMP --starting-position-timestamp {start}"
    )
}
