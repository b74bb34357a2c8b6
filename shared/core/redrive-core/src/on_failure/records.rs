//! The records of a failed batch, where the destination receives them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::document::OnFailureDocument;
use super::error::OnFailureError;
use super::scalars::{number, text};

/// The records that a document holds.
#[derive(Debug, Clone)]
pub struct FailedRecords {
    /// `aws:kafka` or `SelfManagedKafka`, where the payload has it.
    pub event_source: Option<String>,
    /// The cluster's ARN.
    pub event_source_arn: Option<String>,
    /// Comma-separated `host:port`.
    pub bootstrap_servers: Option<String>,
    /// In the order of the payload.
    pub records: Vec<FailedRecord>,
}

/// One record of the event.
#[derive(Debug, Clone)]
pub struct FailedRecord {
    /// The event's own name of its partition, `topic-partition`.
    pub topic_partition: String,
    /// Topic, where it is readable.
    pub topic: Option<String>,
    /// Partition, where it is readable.
    pub partition: Option<i64>,
    /// Offset, where it is readable.
    pub offset: Option<i64>,
    /// Milliseconds since 1970, where it is readable.
    pub timestamp: Option<i64>,
    /// The key in base64, where it is readable.
    pub key: Option<String>,
    /// The record's JSON, byte for byte.
    pub json: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(default, deserialize_with = "text")]
    event_source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_source_arn: Option<String>,
    #[serde(default, deserialize_with = "text")]
    bootstrap_servers: Option<String>,
    #[serde(borrow)]
    records: Option<&'a RawValue>,
}

/// The parts of a record that tell where it came from.
#[derive(Default, Deserialize)]
struct Coordinates {
    #[serde(default, deserialize_with = "text")]
    topic: Option<String>,
    #[serde(default, deserialize_with = "number")]
    partition: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    offset: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
}

impl OnFailureDocument {
    /// The records, where the destination receives them: all of the batch from S3, one from a Kafka topic. `None` from
    /// SQS and SNS, which receive only the offsets.
    ///
    /// # Errors
    /// When the payload is neither an event nor a record.
    pub fn records(&self) -> Result<Option<FailedRecords>, OnFailureError> {
        let Some(json) = self.payload.as_deref() else { return Ok(None) };
        let payload: Payload<'_> =
            serde_json::from_str(json).map_err(|_| OnFailureError::Payload("it is not a JSON object"))?;
        let records = match payload.records {
            Some(records) => records_of_event(records.get())?,
            None => vec![single_record(json)?],
        };
        Ok(Some(FailedRecords {
            event_source: payload.event_source,
            event_source_arn: payload.event_source_arn.or_else(|| self.batch.event_source_arn.clone()),
            bootstrap_servers: payload.bootstrap_servers.or_else(|| self.batch.bootstrap_servers.clone()),
            records,
        }))
    }

    /// The batch as an event for its function, where the destination receives the records: from S3 byte for byte, from a
    /// topic an event around the one record.
    ///
    /// # Errors
    /// When the payload is neither an event nor a record.
    pub fn event(&self) -> Result<Option<String>, OnFailureError> {
        let (Some(json), Some(records)) = (self.payload.as_deref(), self.records()?) else { return Ok(None) };
        let is_event = serde_json::from_str::<Payload<'_>>(json).is_ok_and(|payload| payload.records.is_some());
        match records.records.as_slice() {
            [record] if !is_event => records.event_around(record).map(Some),
            _ => Ok(Some(json.to_owned())),
        }
    }
}

impl FailedRecords {
    fn event_around(&self, record: &FailedRecord) -> Result<String, OnFailureError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Event<'a> {
            event_source: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            event_source_arn: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            bootstrap_servers: Option<&'a str>,
            records: BTreeMap<&'a str, [&'a RawValue; 1]>,
        }
        let record_json: &RawValue = serde_json::from_str(&record.json)?;
        let source = if self.event_source_arn.is_some() { "aws:kafka" } else { "SelfManagedKafka" };
        Ok(serde_json::to_string(&Event {
            event_source: self.event_source.as_deref().unwrap_or(source),
            event_source_arn: self.event_source_arn.as_deref(),
            bootstrap_servers: self.bootstrap_servers.as_deref(),
            records: BTreeMap::from([(record.topic_partition.as_str(), [record_json])]),
        })?)
    }
}

fn records_of_event(records: &str) -> Result<Vec<FailedRecord>, OnFailureError> {
    let partitions: BTreeMap<String, Vec<&RawValue>> = serde_json::from_str(records)
        .map_err(|_| OnFailureError::Payload("its records are not grouped by topic and partition"))?;
    let records = partitions.into_iter().flat_map(|(name, records)| {
        records.into_iter().map(move |record| FailedRecord::new(name.clone(), record.get()))
    });
    Ok(records.collect())
}

fn single_record(json: &str) -> Result<FailedRecord, OnFailureError> {
    let record = FailedRecord::new(String::new(), json);
    match (&record.topic, record.partition, record.offset) {
        (Some(topic), Some(partition), Some(_)) => {
            Ok(FailedRecord { topic_partition: format!("{topic}-{partition}"), ..record })
        }
        _ => Err(OnFailureError::Payload("it has neither records nor topic, partition and offset")),
    }
}

impl FailedRecord {
    /// A record with unreadable parts: what can be read is `Some`, and its JSON is kept in any case.
    fn new(topic_partition: String, json: &str) -> Self {
        let Coordinates { topic, partition, offset, timestamp, key } = serde_json::from_str(json).unwrap_or_default();
        FailedRecord { topic_partition, topic, partition, offset, timestamp, key, json: json.to_owned() }
    }
}
