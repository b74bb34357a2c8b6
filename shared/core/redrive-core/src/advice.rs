//! What to do about records that the destination was only told of: which they are, how to look at them, how to deliver
//! them again.

use std::collections::BTreeSet;

use crate::on_failure::{Condition, OffsetRange, OnFailure};

/// Instructions, line by line. Commands are complete except for what the document does not say, in angle brackets.
pub(crate) fn advice(document: &OnFailure) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(why(&document.condition).to_owned());
    for (topic_partition, range) in &document.batch.partitions {
        let Some((topic, partition)) = topic_partition.rsplit_once('-') else {
            lines.push(format!("{topic_partition}: not the name of a partition"));
            continue;
        };
        lines.push(format!("topic {topic}, partition {partition}, {}", offsets(range)));
        lines.push(format!("  look at them:   {}", look(document, topic, partition, range)));
    }
    let function = document.function_name().unwrap_or("<function>");
    let topics = topics(document);
    for topic in &topics {
        lines.push(format!("deliver {topic} again, by a mapping of its own that starts at the first of them:"));
        lines.push(format!("  {}", deliver(document, function, topic)));
    }
    if !topics.is_empty() {
        lines.push(
            "  What the mapping delivers beyond them is recognised as a duplicate. Delete it when its lag has passed the \
             last offset:"
                .to_owned(),
        );
        lines.push("  aws lambda delete-event-source-mapping --uuid <its UUID>".to_owned());
    }
    lines.push("then remove this document: `redrive resolve <id> --done --yes`".to_owned());
    lines
}

fn why(condition: &Condition) -> &'static str {
    match condition {
        Condition::RetriesExhausted => "The function kept failing. Find the cause in its logs and mend it first.",
        Condition::PayloadTooLarge => {
            "A record does not fit into an invocation (6 MB): no delivery will help. Read it from the topic."
        }
        Condition::SchemaNotFound => "The mapping found no schema. Register it first.",
        Condition::Undecodable => "The mapping could not decode a record. Look at it, and at its schema, first.",
        Condition::Other(_) => "The mapping gave up for a reason that is not known here; see the document.",
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

fn look(document: &OnFailure, topic: &str, partition: &str, range: &OffsetRange) -> String {
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

fn topics(document: &OnFailure) -> BTreeSet<&str> {
    document
        .batch
        .partitions
        .keys()
        .filter_map(|topic_partition| topic_partition.rsplit_once('-'))
        .map(|(topic, _)| topic)
        .collect()
}

/// `AT_TIMESTAMP` is the only start in the past that a mapping can have beside the topic's beginning.
fn deliver(document: &OnFailure, function: &str, topic: &str) -> String {
    let of_topic = |topic_partition: &str| topic_partition.rsplit_once('-').is_some_and(|(name, _)| name == topic);
    let start = document
        .batch
        .partitions
        .iter()
        .filter(|(topic_partition, _)| of_topic(topic_partition))
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
