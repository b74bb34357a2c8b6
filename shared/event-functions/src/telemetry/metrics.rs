//! Writes a batch's counters in CloudWatch's embedded metric format: CloudWatch reads them from the log, without a call.
//!
//! Source of the format: "Specification: Embedded metric format" in the CloudWatch user guide.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use event_runtime::{BatchReport, Outcome};
use serde_json::{Map, Value, json};

/// The namespace of all functions' metrics.
const NAMESPACE: &str = "EventFunctions";

/// Writes a batch's metrics to standard output.
pub(crate) fn write_batch_metrics(function: &str, report: &BatchReport) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let mut lines = String::new();
    let schemas = schema_metrics(function, report, now);
    for document in batch_metrics(function, report, now).into_iter().chain([schemas]) {
        lines.push_str(&document.to_string());
        lines.push('\n');
    }
    // One write, so that lines of concurrent invocations do not mix. A closed output must not fail a batch.
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}

/// The documents of a batch: one with its totals by function, one per skip reason and error code with that as a
/// second dimension.
pub fn batch_metrics(function: &str, report: &BatchReport, now_ms: u64) -> Vec<Value> {
    let mut totals = Document::new(function, now_ms);
    totals.count("Records", report.records());
    totals.count("RecordsDone", count(report, |outcome| outcome == Outcome::Done));
    totals.count("RecordsDuplicate", count(report, |outcome| outcome == Outcome::Duplicate));
    totals.count("RecordsSkipped", count(report, |outcome| matches!(outcome, Outcome::Skipped(_))));
    totals.count("RecordsParked", count(report, |outcome| matches!(outcome, Outcome::DeadLettered(_))));
    totals.count("RecordsUnfinished", report.unfinished_records());
    totals.count("Retries", report.retries);
    // Always written, so that an alarm has data: a sum above zero means a deployment that dead-letters everything.
    totals.count("FloodGuardStops", report.partitions_stopped_by_flood_guard);
    totals.milliseconds("BatchDuration", report.duration.as_secs_f64() * 1e3);
    if let Some(age) = report.oldest_record_age {
        totals.milliseconds("RecordAge", age.as_secs_f64() * 1e3);
    }
    for (stage, spent) in report.stages.iter() {
        // A property for queries, not a metric that costs money.
        totals.properties.insert(format!("{stage}_ms"), json!(spent.as_secs_f64() * 1e3));
    }
    let mut documents = vec![totals.finish()];

    for (outcome, count) in &report.outcomes {
        let (metric, dimension, value) = match *outcome {
            Outcome::Done | Outcome::Duplicate => continue,
            Outcome::Skipped(reason) => ("RecordsSkipped", "SkipReason", reason),
            Outcome::DeadLettered(code) => ("RecordsParked", "ErrorCode", code),
            Outcome::Unfinished(code) => ("RecordsUnfinished", "ErrorCode", code),
        };
        let mut document = Document::new(function, now_ms);
        document.dimension(dimension, value);
        document.count(metric, *count);
        documents.push(document.finish());
    }
    documents
}

/// The document about schemas. `SchemaHitRate` is the share of a batch's keys and values, two a record, that did not
/// have to wait for their schema.
fn schema_metrics(function: &str, report: &BatchReport, now_ms: u64) -> Value {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let schemas = &report.schemas;
    let mut document = Document::new(function, now_ms);
    document.count("SchemaFetches", count(schemas.fetches));
    document.count("SchemaFetchFailures", count(schemas.failures));
    document.milliseconds("SchemaFetchTime", schemas.fetch_time.as_secs_f64() * 1e3);
    let sides = 2 * report.records();
    if sides > 0 {
        let hits = sides.saturating_sub(count(schemas.misses));
        document.metric("SchemaHitRate", "Percent", json!(100.0 * hits as f64 / sides as f64));
    }
    document.finish()
}

fn count(report: &BatchReport, which: impl Fn(Outcome) -> bool) -> usize {
    report.outcomes.iter().filter(|(outcome, _)| which(**outcome)).map(|(_, count)| count).sum()
}

struct Document {
    now_ms: u64,
    dimensions: Vec<&'static str>,
    metrics: Vec<Value>,
    properties: Map<String, Value>,
}

impl Document {
    fn new(function: &str, now_ms: u64) -> Self {
        let mut document = Document { now_ms, dimensions: Vec::new(), metrics: Vec::new(), properties: Map::new() };
        document.dimension("Function", function);
        document
    }

    fn dimension(&mut self, name: &'static str, value: &str) {
        self.dimensions.push(name);
        self.properties.insert(name.to_owned(), json!(value));
    }

    fn count(&mut self, name: &'static str, value: usize) {
        self.metric(name, "Count", json!(value));
    }

    fn milliseconds(&mut self, name: &'static str, value: f64) {
        self.metric(name, "Milliseconds", json!(value));
    }

    fn metric(&mut self, name: &'static str, unit: &'static str, value: Value) {
        self.metrics.push(json!({"Name": name, "Unit": unit}));
        self.properties.insert(name.to_owned(), value);
    }

    fn finish(self) -> Value {
        let mut document = self.properties;
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [self.dimensions], "Metrics": self.metrics});
        document.insert("_aws".to_owned(), json!({"Timestamp": self.now_ms, "CloudWatchMetrics": [directive]}));
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use schema_registry::FetchStats;

    use super::*;

    #[test]
    fn a_partition_that_the_flood_guard_stopped_is_counted_for_an_alarm() {
        let report = BatchReport { partitions_stopped_by_flood_guard: 2, ..BatchReport::default() };
        let documents = batch_metrics("send-welcome-email", &report, 1_795_421_347_752);
        assert_eq!(documents[0]["FloodGuardStops"], 2);
    }

    #[test]
    fn the_schemas_of_a_batch_are_counted() {
        let schemas = FetchStats { misses: 3, fetches: 2, failures: 1, fetch_time: Duration::from_millis(40) };
        let mut report = BatchReport { schemas, ..BatchReport::default() };
        report.outcomes.insert(Outcome::Done, 50);
        let document = schema_metrics("send-welcome-email", &report, 1_795_421_347_752);
        assert_eq!((&document["SchemaFetches"], &document["SchemaFetchFailures"]), (&json!(2), &json!(1)));
        assert_eq!((&document["SchemaFetchTime"], &document["SchemaHitRate"]), (&json!(40.0), &json!(97.0)));
        let nothing = schema_metrics("send-welcome-email", &BatchReport::default(), 0);
        assert!(nothing.get("SchemaHitRate").is_none(), "no record, no rate");
    }

    #[test]
    fn every_metric_named_in_a_document_has_its_value_beside_it() {
        let mut report = BatchReport::default();
        report.outcomes.insert(Outcome::Done, 3);
        report.outcomes.insert(Outcome::Skipped("snapshot"), 2);
        report.outcomes.insert(Outcome::DeadLettered("frame_truncated"), 1);
        let documents = batch_metrics("send-welcome-email", &report, 1_795_421_347_752);
        assert_eq!(documents.len(), 3);
        for document in &documents {
            let directive = &document["_aws"]["CloudWatchMetrics"][0];
            for metric in directive["Metrics"].as_array().unwrap() {
                assert!(document[metric["Name"].as_str().unwrap()].is_number());
            }
            for dimension in directive["Dimensions"][0].as_array().unwrap() {
                assert!(document[dimension.as_str().unwrap()].is_string());
            }
        }
        assert_eq!(documents[0]["Records"], 6);
        assert_eq!(documents[0]["FloodGuardStops"], 0);
        assert_eq!(documents[1]["SkipReason"], "snapshot");
        assert_eq!(documents[2]["ErrorCode"], "frame_truncated");
    }
}
