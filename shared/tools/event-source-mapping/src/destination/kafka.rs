//! A topic of the same cluster.

use std::fmt;

use krafka::admin::DescribeTopicsOptions;
use krafka::error::KrafkaError;
use krafka::producer::{Acks, Producer, Record};
use serde_json::Value;

use super::document::DocumentHead;
use crate::ports::{DestinationError, GivenUp};

/// A topic. It gets one message for each record, with the record inside.
pub struct TopicDestination {
    producer: Producer,
    topic: String,
    head: DocumentHead,
}

impl TopicDestination {
    /// A topic of a cluster that is connected to.
    ///
    /// # Errors
    /// When the topic does not exist or no producer can be made.
    pub async fn new(kafka: &krafka::Kafka, topic: String, head: DocumentHead) -> Result<Self, DestinationError> {
        let described = kafka.admin().describe_topics([topic.as_str()], DescribeTopicsOptions::default()).await;
        let described = described
            .and_then(|mut topics| topics.remove(&topic).unwrap_or_else(|| Err(KrafkaError::unknown_topic(&topic))));
        described.map_err(|error| DestinationError(format!("kafka://{topic}: {error}. Create it first")))?;
        let producer = kafka.producer().idempotent(true).acks(Acks::All).metrics_push(false).build().await;
        let producer = producer.map_err(|error| DestinationError(format!("kafka://{topic}: {error}")))?;
        Ok(TopicDestination { producer, topic, head })
    }

    pub(super) async fn send(&self, failed: GivenUp) -> Result<(), DestinationError> {
        for record in failed.records.values().flatten() {
            let document = Value::from(self.head.with_record(&failed, record)).to_string();
            let mut message = Record::new(self.topic.as_str(), document);
            message.key.clone_from(&record.record().key);
            let sent = self.producer.send(message).await;
            sent.map(drop).map_err(|error| DestinationError(format!("kafka://{}: {error}", self.topic)))?;
        }
        Ok(())
    }
}

impl fmt::Debug for TopicDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicDestination({})", self.topic)
    }
}
