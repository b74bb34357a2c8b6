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

#[cfg(test)]
mod tests {
    use aws_lambda_events::kafka::KafkaEvent;
    use bytes::Bytes;

    use super::*;
    use crate::filter::Filter;
    use crate::record::KafkaRecord;

    fn record(partition: i32, offset: i64, value: Option<&'static [u8]>) -> EventRecord {
        let record = KafkaRecord {
            at: TopicPartition::new("orders", partition),
            offset,
            // Whole seconds: aws_lambda_events reads milliseconds through a float, and may lose one.
            timestamp: 1_545_084_650_000,
            log_append_time: false,
            key: Some(Bytes::from_static(b"k1")),
            value: value.map(Bytes::from_static),
            headers: vec![
                ("hop".into(), Some(Bytes::from_static(&[127, 128, 255]))),
                ("hop".into(), Some(Bytes::from_static(b"2"))),
            ],
        };
        EventRecord::new(record, &Filter::default())
    }

    #[test]
    fn aws_lambda_events_reads_the_event_of_either_cluster() {
        let arn = "arn:aws:kafka:us-east-1:000000000000:cluster/shop/1";
        let records = BTreeMap::from([
            (TopicPartition::new("orders", 0), vec![record(0, 15, Some(b"{}")), record(0, 17, None)]),
            (TopicPartition::new("orders", 12), vec![record(12, i64::MAX, Some(b""))]),
        ]);
        for (cluster, source) in
            [(Cluster::Msk { arn: arn.to_owned() }, "aws:kafka"), (Cluster::SelfManaged, "SelfManagedKafka")]
        {
            let head = EventHead { cluster, bootstrap_servers: "one:9092,two:9092".to_owned() };
            let event: KafkaEvent = serde_json::from_str(&head.event(&records)).unwrap();
            assert_eq!(event.event_source.as_deref(), Some(source));
            assert_eq!(event.event_source_arn.as_deref(), (source == "aws:kafka").then_some(arn));
            assert_eq!(event.bootstrap_servers.as_deref(), Some("one:9092,two:9092"));
            assert_eq!(event.records.len(), 2);
            let read = &event.records["orders-0"];
            assert_eq!((read[0].topic.as_deref(), read[0].partition, read[0].offset), (Some("orders"), 0, 15));
            assert_eq!((read[0].key.as_deref(), read[0].value.as_deref()), (Some("azE="), Some("e30=")));
            assert_eq!(read[0].timestamp.timestamp_millis(), 1_545_084_650_000);
            assert_eq!(read[0].timestamp_type.as_deref(), Some("CREATE_TIME"));
            let headers: Vec<_> = read[0].headers.iter().map(|header| header["hop"].clone()).collect();
            assert_eq!(headers, [vec![127, -128, -1], vec![50]]);
            assert_eq!((read[1].offset, &read[1].value), (17, &None));
            let other = &event.records["orders-12"][0];
            assert_eq!((other.partition, other.offset, other.value.as_deref()), (12, i64::MAX, Some("")));
        }
    }
}
