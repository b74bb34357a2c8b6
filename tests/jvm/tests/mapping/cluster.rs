//! Makes topics, writes records, and reads what a group has committed.

use std::collections::BTreeMap;

use krafka::Kafka;
use krafka::admin::{CreateTopicsOptions, DescribeConsumerGroupsOptions, ListConsumerGroupOffsetsOptions, NewTopic};
use krafka::error::{ErrorCode, KrafkaError};
use krafka::producer::{Producer, Record};

/// A connection to the broker.
pub(crate) struct Cluster {
    kafka: Kafka,
    producer: Producer,
}

impl Cluster {
    pub(crate) async fn connect(address: &str) -> Self {
        // The broker listens a moment before it answers.
        let kafka = loop {
            if let Ok(kafka) = Kafka::builder(address).connect().await {
                break kafka;
            }
        };
        let producer = kafka.producer().idempotent(true).metrics_push(false).build().await.unwrap();
        Cluster { kafka, producer }
    }

    /// Creates an empty topic.
    pub(crate) async fn topic(&self, name: &str, partitions: i32) {
        let topic = NewTopic::new(name, partitions, 1).unwrap();
        let created = self.kafka.admin().create_topics([topic], CreateTopicsOptions::default()).await.unwrap();
        created.into_values().for_each(|created| created.unwrap());
    }

    /// Writes a record for each value, in this order.
    pub(crate) async fn write<V: Into<String>>(
        &self,
        topic: &str,
        partition: i32,
        values: impl IntoIterator<Item = V>,
    ) {
        self.write_at(topic, partition, values.into_iter().map(|value| (value.into(), None))).await;
    }

    /// The same, each with its time in milliseconds since 1970.
    pub(crate) async fn write_at(
        &self,
        topic: &str,
        partition: i32,
        values: impl IntoIterator<Item = (String, Option<i64>)>,
    ) {
        let mut sent = Vec::new();
        for (value, timestamp) in values {
            let mut record = Record::new(topic, value);
            (record.partition, record.timestamp) = (Some(partition), timestamp);
            sent.push(self.producer.enqueue(record).await.unwrap());
        }
        for sent in sent {
            drop(sent.await.unwrap());
        }
    }

    /// What the group has committed of a topic, by partition.
    pub(crate) async fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        loop {
            let admin = self.kafka.admin();
            match admin.list_consumer_group_offsets(group, ListConsumerGroupOffsetsOptions::default()).await {
                Ok(offsets) => {
                    let of_topic = offsets.into_iter().filter(|(at, _)| at.topic == topic);
                    let known = of_topic.filter_map(|(at, offset)| Some((at.partition, offset.unwrap().offset?)));
                    return known.collect();
                }
                // A group that nobody has joined yet.
                Err(KrafkaError::Broker { code: ErrorCode::GroupIdNotFound, .. }) => return BTreeMap::new(),
                Err(error) if error.is_retriable() => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// How many members a group has.
    pub(crate) async fn members(&self, group: &str) -> usize {
        let admin = self.kafka.admin();
        let groups = admin.describe_consumer_groups([group], DescribeConsumerGroupsOptions::default()).await.unwrap();
        groups[group].as_ref().unwrap().members.len()
    }

    /// The values of a topic's first partition, from its beginning: as many as are asked for.
    pub(crate) async fn read(&self, topic: &str, records: usize) -> Vec<Vec<u8>> {
        let consumer =
            self.kafka.consumer_without_group().auto_offset_reset(krafka::consumer::AutoOffsetReset::Earliest);
        let consumer = consumer.metrics_push(false).build().await.unwrap();
        consumer.assign(topic, vec![0]).await.unwrap();
        let mut values = Vec::new();
        while values.len() < records {
            let found = consumer.poll(std::time::Duration::from_millis(500)).await.unwrap();
            values.extend(found.into_iter().map(|record| record.value.unwrap().to_vec()));
        }
        values
    }
}
