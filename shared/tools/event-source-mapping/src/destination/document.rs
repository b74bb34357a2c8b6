//! The document that AWS sends to a destination.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::event::{Cluster, EventHead};
use crate::machine::TopicPartition;
use crate::ports::{GivenUp, Invocation};
use crate::record::EventRecord;

/// What every document of a mapping has.
#[derive(Debug, Clone)]
pub struct DocumentHead {
    /// `functionArn`.
    pub function_arn: String,
    /// The cluster.
    pub event: EventHead,
}

impl DocumentHead {
    /// What SQS gets: what the batch was, without its records.
    pub(super) fn document(&self, failed: &GivenUp) -> Map<String, Value> {
        let records = || failed.records.values().flatten();
        let info = |(at, records): (&TopicPartition, &Vec<EventRecord>)| Some((at.to_string(), info(records)?));
        let infos: Map<String, Value> = failed.records.iter().filter_map(info).collect();
        let mut batch = json!({
            "batchSize": records().count(),
            "bootstrapServers": self.event.bootstrap_servers,
            "payloadSize": failed.event.len(),
            "recordsInfo": infos,
        });
        if let Cluster::Msk { arn } = &self.event.cluster {
            batch["eventSourceArn"] = Value::from(arn.as_str());
        }
        let document = json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4().to_string(),
                "functionArn": self.function_arn,
                "condition": failed.condition.as_str(),
                "approximateInvokeCount": failed.invocations,
            },
            "responseContext": response(failed.last.as_ref()),
            "version": "1.0",
            "timestamp": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "KafkaBatchInfo": batch,
        });
        match document {
            Value::Object(document) => document,
            // `json!` of an object is one.
            _ => Map::new(),
        }
    }

    /// What S3 gets: the whole event too, as text.
    pub(super) fn with_event(&self, failed: &GivenUp) -> Map<String, Value> {
        let mut document = self.document(failed);
        document.insert("payload".to_owned(), Value::from(failed.event.as_str()));
        document
    }

    /// What a topic gets for one record: the record too, as an object.
    pub(super) fn with_record(&self, failed: &GivenUp, record: &EventRecord) -> Map<String, Value> {
        let mut document = self.document(failed);
        let payload = serde_json::from_str(record.json()).unwrap_or(Value::Null);
        document.insert("payload".to_owned(), payload);
        document
    }
}

fn info(records: &[EventRecord]) -> Option<Value> {
    let (first, last) = (records.first()?.record(), records.last()?.record());
    let time = |millis: i64| {
        let time = Timestamp::from_millisecond(millis).unwrap_or_default();
        time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    };
    Some(json!({
        "firstRecordOffset": first.offset.to_string(),
        "lastRecordOffset": last.offset.to_string(),
        "firstRecordTimestamp": time(first.timestamp),
        "lastRecordTimestamp": time(last.timestamp),
    }))
}

/// Lambda's answer to the last invocation, if there was one.
fn response(last: Option<&Invocation>) -> Value {
    match last {
        Some(Invocation::Failed(_) | Invocation::TimedOut) => {
            json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"})
        }
        Some(Invocation::Returned(_)) => {
            json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": null})
        }
        Some(Invocation::Throttled | Invocation::Unreachable(_)) | None => Value::Null,
    }
}
