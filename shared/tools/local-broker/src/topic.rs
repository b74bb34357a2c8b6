//! Topics: their settings and their partitions.

use std::time::Duration;

use uuid::Uuid;

use crate::partition::Partition;

/// Settings of a topic, with Apache Kafka's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSettings {
    /// How many partitions it has, at least 1.
    pub partitions: u32,
    /// `max.message.bytes`: the most bytes of one record batch.
    pub max_message_bytes: usize,
    /// `cleanup.policy=compact`: a record without a key is refused. Nothing is compacted.
    pub compacted: bool,
    /// `message.timestamp.after.max.ms`: how far a record's timestamp may lie ahead of this machine's clock.
    pub timestamp_after_max: Duration,
}

impl Default for TopicSettings {
    fn default() -> Self {
        TopicSettings {
            partitions: 1,
            // 1 MiB and the overhead of a batch, `message.max.bytes` of a broker.
            max_message_bytes: (1 << 20) + 12,
            compacted: false,
            timestamp_after_max: Duration::from_secs(3_600),
        }
    }
}

/// A topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) settings: TopicSettings,
    /// By their index.
    pub(crate) partitions: Vec<Partition>,
}
