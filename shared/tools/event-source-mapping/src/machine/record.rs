//! A record as far as the machine has to know it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A record as the machine sees it. Cloning should be cheap: a record is cloned for each invocation that it is part of.
pub trait Record: Clone {
    /// Its offset in its partition.
    fn offset(&self) -> i64;
    /// Its timestamp in Kafka, from which its age counts.
    fn timestamp(&self) -> Time;
    /// The bytes that it takes in the event, its share of the surrounding JSON included.
    fn payload_bytes(&self) -> usize;
    /// Whether it passes the mapping's filter. A record that does not is finished without an invocation.
    fn passes_filter(&self) -> bool {
        true
    }
}

/// A moment, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

impl Time {
    /// How long ago `earlier` was; zero for a moment in the future.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment and a duration.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    #[must_use]
    pub fn new(topic: &str, partition: i32) -> Self {
        TopicPartition { topic: topic.into(), partition }
    }
}

/// As the event names it: `topic-partition`.
impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
