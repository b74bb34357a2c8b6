//! The event that a function is invoked with.

use std::collections::BTreeMap;

use crate::machine::TopicPartition;
use crate::record::EventRecord;

/// The kind of cluster, which the event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// Amazon MSK, by its ARN.
    Msk {
        /// `eventSourceArn`.
        arn: String,
    },
    /// Any other one.
    SelfManaged,
}

/// What every event of a mapping begins with.
#[derive(Debug, Clone)]
pub struct EventHead {
    /// The kind of cluster.
    pub cluster: Cluster,
    /// `bootstrapServers`: `host:port,host:port`.
    pub bootstrap_servers: String,
}

impl EventHead {
    /// The event with these records.
    #[must_use]
    pub fn event(&self, records: &BTreeMap<TopicPartition, Vec<EventRecord>>) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut event = match &self.cluster {
            Cluster::Msk { arn } => format!(r#"{{"eventSource":"aws:kafka","eventSourceArn":{}"#, text(arn)),
            Cluster::SelfManaged => r#"{"eventSource":"SelfManagedKafka""#.to_owned(),
        };
        event.push_str(&format!(r#","bootstrapServers":{},"records":{{"#, text(&self.bootstrap_servers)));
        for (nth, (at, records)) in records.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            event.push_str(&format!("{comma}{}:[", text(&at.to_string())));
            for (nth, record) in records.iter().enumerate() {
                event.push_str(if nth == 0 { "" } else { "," });
                event.push_str(record.json());
            }
            event.push(']');
        }
        event.push_str("}}");
        event
    }
}
