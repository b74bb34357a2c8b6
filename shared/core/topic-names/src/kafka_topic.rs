//! A topic's name as a cluster has it.

use std::str::FromStr;

use crate::kafka::{MAX_LENGTH, kafka_takes};
use crate::topic::TopicName;

/// A topic's name as a cluster has it: an environment may call a topic differently than its contract does.
///
/// ```
/// use topic_names::KafkaTopic;
///
/// assert_eq!("staging.support.ticket.opened".parse::<KafkaTopic>()?.as_str(), "staging.support.ticket.opened");
/// assert!("tickets/opened".parse::<KafkaTopic>().is_err());
/// # Ok::<(), topic_names::NotAKafkaTopic>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KafkaTopic(String);

/// Kafka has no topic of such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a topic's name has 1 to {MAX_LENGTH} letters, digits, `.`, `_` and `-`, and is not `.` or `..`")]
pub struct NotAKafkaTopic;

impl KafkaTopic {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an environment has no names of its own, a topic is called as it is declared.
impl From<TopicName> for KafkaTopic {
    fn from(name: TopicName) -> Self {
        KafkaTopic(name.as_str().to_owned())
    }
}

impl FromStr for KafkaTopic {
    type Err = NotAKafkaTopic;

    fn from_str(name: &str) -> Result<Self, NotAKafkaTopic> {
        if kafka_takes(name) { Ok(KafkaTopic(name.to_owned())) } else { Err(NotAKafkaTopic) }
    }
}
