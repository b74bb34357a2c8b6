//! The lines that the command prints: one for each batch.

use std::collections::BTreeMap;
use std::fmt::Write;

use event_source_mapping::machine::TopicPartition;
use event_source_mapping::settings::MappingSettings;
use event_source_mapping::{Cluster, EventRecord, Invocation, Progress};

/// Bytes of an error that a line shows.
const SHOWN: usize = 300;

/// What the settings of a mapping mean.
pub(crate) fn settings(mapping: &MappingSettings) -> String {
    let rules = &mapping.rules;
    let or_endless = |number: Option<String>| number.unwrap_or("without end".to_owned());
    let source = match &mapping.cluster {
        Cluster::Msk { arn } => arn.as_str(),
        Cluster::SelfManaged => mapping.bootstrap_servers.as_deref().unwrap_or("self-managed, --bootstrap-servers"),
    };
    format!(
        "{}: {} -> {}\n  cluster: {source}\n  consumer group: {}, from {:?} if it is new\n  batch: {} records, {} s, {} bytes\n  retries: {}; record age: {}; bisect: {}; partial responses: {}\n  function timeout: {}\n  destination: {}",
        mapping.name,
        mapping.topic,
        mapping.function,
        mapping.group,
        mapping.starting_position,
        rules.batch_size,
        rules.window.as_secs_f64(),
        rules.payload_bytes,
        or_endless(rules.retries.map(|retries| retries.to_string())),
        or_endless(rules.age.map(|age| format!("{} s", age.as_secs()))),
        if rules.bisect { "yes" } else { "no" },
        if rules.partial_responses.is_some() { "yes" } else { "no" },
        mapping.timeout.map_or("as its endpoint has it".to_owned(), |timeout| format!("{} s", timeout.as_secs())),
        mapping.destination.as_ref().map_or("none".to_owned(), |destination| format!("{destination:?}")),
    )
}

/// A line about what happened; nothing for what is only worth a metric.
pub(crate) fn line(progress: &Progress<'_>, verbose: bool) -> Option<String> {
    Some(match progress {
        Progress::Assigned(at) => format!("{at}: assigned"),
        Progress::Revoked(at) => format!("{at}: revoked"),
        Progress::Invoked { records, invocation, outcome, unusable, took } => {
            let outcome = match (outcome, unusable) {
                (_, Some(unusable)) => format!("whole batch again: {unusable}"),
                (Invocation::Returned(body), None) => response(body),
                (Invocation::Failed(error), None) => format!("failed: {}", text(error)),
                (Invocation::TimedOut, None) => "timed out".to_owned(),
                (Invocation::Throttled, None) => "throttled".to_owned(),
                (Invocation::Unreachable(why), None) => format!("not invoked: {}", cut(why)),
            };
            let again = if *invocation > 1 { format!(", invocation {invocation}") } else { String::new() };
            let mut line = format!("{}{again}: {outcome} ({} ms)", batch(records), took.as_millis());
            if verbose {
                line.push_str(&each(records));
            }
            line
        }
        Progress::GivenUp { records, condition, result } => {
            let result = match result {
                Ok(place) => (*place).to_owned(),
                Err(error) => format!("the destination did not take them: {}", cut(error)),
            };
            format!("{}: given up ({}): {result}", batch(records), condition.as_str())
        }
        Progress::Committed { at, offset, error: Some(error) } => {
            format!("{at}: offset {offset} is not committed: {}", cut(error))
        }
        Progress::Committed { at, offset, error: None } => {
            return verbose.then(|| format!("{at}: committed {offset}"));
        }
        Progress::Trouble(trouble) => cut(trouble),
        Progress::State { .. } => return None,
    })
}

/// A response that lists failures is shown, any other one is not.
fn response(body: &[u8]) -> String {
    let shown = text(body);
    let failures = shown.contains("batchItemFailures") && !shown.contains("[]");
    if failures { format!("returned {shown}") } else { "returned".to_owned() }
}

fn batch(records: &BTreeMap<TopicPartition, Vec<EventRecord>>) -> String {
    let count: usize = records.values().map(Vec::len).sum();
    let part = |(at, records): (&TopicPartition, &Vec<EventRecord>)| {
        let offset = |record: Option<&EventRecord>| record.map_or(0, |record| record.record().offset);
        match (offset(records.first()), offset(records.last())) {
            (first, last) if first == last => format!("{at} {first}"),
            (first, last) => format!("{at} {first}..{last}"),
        }
    };
    let parts: Vec<_> = records.iter().map(part).collect();
    format!("{count} record{}, {}", if count == 1 { "" } else { "s" }, parts.join(", "))
}

/// A line for each record, without key and value: those are somebody's data.
fn each(records: &BTreeMap<TopicPartition, Vec<EventRecord>>) -> String {
    let mut lines = String::new();
    for record in records.values().flatten().map(EventRecord::record) {
        let length = |bytes: Option<usize>| bytes.map_or("null".to_owned(), |bytes| format!("{bytes} bytes"));
        // Writing into a string cannot fail.
        let _ = write!(
            lines,
            "\n    {} offset {}: key {}, value {}",
            record.at,
            record.offset,
            length(record.key.as_ref().map(|key| key.len())),
            length(record.value.as_ref().map(|value| value.len())),
        );
    }
    lines
}

fn text(bytes: &[u8]) -> String {
    cut(&String::from_utf8_lossy(bytes))
}

fn cut(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
