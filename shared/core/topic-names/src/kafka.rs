//! What Kafka itself takes as a topic's name.

use std::str::FromStr;

use crate::topic::TopicName;

/// Kafka's own limit, in characters: the name becomes the name of a folder.
pub(crate) const MAX_LENGTH: usize = 249;

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

/// Whether Kafka takes a name.
pub(crate) fn kafka_takes(name: &str) -> bool {
    (1..=MAX_LENGTH).contains(&name.len()) && name.chars().all(takes) && !matches!(name, "." | "..")
}

/// Whether Kafka takes a character in a topic's name.
pub(crate) fn takes(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
}

/// The name as metrics write it, where `.` and `_` are the same: Kafka refuses a second topic whose name differs only there.
pub(crate) fn in_metrics(name: &str) -> String {
    name.replace('.', "_")
}
