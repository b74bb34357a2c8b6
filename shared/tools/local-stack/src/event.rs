//! The events that a Kafka event source mapping sends to a function, in AWS's JSON.

use std::collections::BTreeMap;

use bytes::Bytes;
use recordings::Record;
use serde::{Deserialize, Serialize};

/// The payload limit of a synchronous invocation, in bytes.
pub const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// Which kind of mapping the event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Amazon MSK: `aws:kafka`, with the cluster's ARN.
    #[default]
    Msk,
    /// A self-managed cluster: `SelfManagedKafka`, without an ARN.
    SelfManaged,
}

/// How an event shows a null key or value. Events of AWS have had both forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// As `null`.
    #[default]
    Written,
    /// By leaving the field out.
    LeftOut,
}

/// One record of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// What the timestamp means.
    pub timestamp_type: &'static str,
    /// Base64, or other text where a test needs a broken record. The outer `None` leaves the field out, the inner one is
    /// null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Option<String>>,
    /// In the same form as the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Option<String>>,
    /// In order, values as signed bytes. `None` leaves the field out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<BTreeMap<String, Vec<i16>>>>,
}

impl EventRecord {
    /// A recorded record as AWS would deliver it.
    pub fn new(record: &Record, nulls: Nulls) -> Self {
        let shown = |text: &Option<String>| match (text, nulls) {
            (None, Nulls::LeftOut) => None,
            (text, _) => Some(text.clone()),
        };
        EventRecord {
            topic: record.topic.clone(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            timestamp_type: "CREATE_TIME",
            key: shown(&record.key),
            value: shown(&record.value),
            headers: record.headers.clone(),
        }
    }

    /// The name under which an event groups the records of one partition.
    pub fn topic_partition(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }

    /// Its share of the event, in bytes.
    pub(crate) fn size(&self) -> usize {
        // One more for the comma after it.
        serde_json::to_vec(self).map_or(0, |json| json.len() + 1)
    }
}

/// The whole event: records grouped by partition, in the given order.
pub fn event<'a>(origin: Origin, records: impl IntoIterator<Item = &'a EventRecord>) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Event<'a> {
        event_source: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_source_arn: Option<&'a str>,
        bootstrap_servers: &'a str,
        records: BTreeMap<String, Vec<&'a EventRecord>>,
    }
    let (event_source, event_source_arn, bootstrap_servers) = match origin {
        Origin::Msk => {
            let arn = "arn:aws:kafka:us-east-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1";
            ("aws:kafka", Some(arn), "b-1.local:9098,b-2.local:9098")
        }
        Origin::SelfManaged => ("SelfManagedKafka", None, "kafka-1.local:9092,kafka-2.local:9092"),
    };
    let mut partitions: BTreeMap<String, Vec<&EventRecord>> = BTreeMap::new();
    for record in records {
        partitions.entry(record.topic_partition()).or_default().push(record);
    }
    let event = Event { event_source, event_source_arn, bootstrap_servers, records: partitions };
    // Only texts, numbers and lists of them, which always serialise.
    serde_json::to_vec(&event).unwrap_or_default().into()
}

/// What a function reports as unfinished.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartialResponse {
    #[serde(default)]
    pub(crate) batch_item_failures: Option<Vec<Failure>>,
}

/// One unfinished record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    pub(crate) item_identifier: Identifier,
}

/// Which record: the event's own group name, and a number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Identifier {
    pub(crate) partition: String,
    pub(crate) offset: i64,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use recordings::Recording;

    #[test]
    fn records_look_as_in_the_recorded_events() {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded");
        let mut events = 0;
        for folder in std::fs::read_dir(recorded).unwrap().map(|entry| entry.unwrap().path()) {
            let recording = Recording::read(&folder).unwrap();
            for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.file_name().unwrap().to_str().unwrap();
                if !name.starts_with("event") {
                    continue;
                }
                let theirs: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                let in_event = |record: &&Record| {
                    let of_partition = &theirs["records"][format!("{}-{}", record.topic, record.partition)];
                    of_partition.as_array().is_some_and(|them| them.iter().any(|it| it["offset"] == record.offset))
                };
                let ours = |nulls: Nulls| {
                    let records = recording.records.iter().filter(in_event);
                    let records: Vec<_> = records.map(|record| EventRecord::new(record, nulls)).collect();
                    serde_json::from_slice::<Value>(&event(Origin::Msk, &records)).unwrap()
                };
                let either = [Nulls::Written, Nulls::LeftOut].map(ours);
                assert!(either.iter().any(|ours| ours["records"] == theirs["records"]), "{}", path.display());
                events += 1;
            }
        }
        assert!(events > 2);
    }

    #[test]
    fn a_self_managed_cluster_has_no_arn() {
        let ours: Value = serde_json::from_slice(&event(Origin::SelfManaged, [])).unwrap();
        let kafka = "kafka-1.local:9092,kafka-2.local:9092";
        assert_eq!(ours, json!({"eventSource": "SelfManagedKafka", "bootstrapServers": kafka, "records": {}}));
    }
}
