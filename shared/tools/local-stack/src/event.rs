//! The events that a Kafka event source mapping sends to a function, in AWS's JSON.

use std::collections::BTreeMap;

use bytes::Bytes;
use event_source_mapping::{Cluster, EventHead};
use recordings::Record;
use serde::Serialize;

/// Which kind of mapping the event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Amazon MSK: `aws:kafka`, with the cluster's ARN.
    #[default]
    Msk,
    /// A self-managed cluster: `SelfManagedKafka`, without an ARN.
    SelfManaged,
}

impl Origin {
    /// What every event of such a mapping begins with.
    pub(crate) fn head(self) -> EventHead {
        let (cluster, servers) = match self {
            Origin::Msk => {
                let arn = "arn:aws:kafka:us-east-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1";
                (Cluster::Msk { arn: arn.to_owned() }, "b-1.local:9098,b-2.local:9098")
            }
            Origin::SelfManaged => (Cluster::SelfManaged, "kafka-1.local:9092,kafka-2.local:9092"),
        };
        EventHead { cluster, bootstrap_servers: servers.to_owned() }
    }
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
    let head = origin.head();
    let (event_source, event_source_arn) = match &head.cluster {
        Cluster::Msk { arn } => ("aws:kafka", Some(arn.as_str())),
        Cluster::SelfManaged => ("SelfManagedKafka", None),
    };
    let bootstrap_servers = &head.bootstrap_servers;
    let mut partitions: BTreeMap<String, Vec<&EventRecord>> = BTreeMap::new();
    for record in records {
        partitions.entry(record.topic_partition()).or_default().push(record);
    }
    let event = Event { event_source, event_source_arn, bootstrap_servers, records: partitions };
    // Only texts, numbers and lists of them, which always serialise.
    serde_json::to_vec(&event).unwrap_or_default().into()
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
