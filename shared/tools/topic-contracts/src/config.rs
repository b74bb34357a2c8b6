//! A topic's own settings, in Kafka's words.

use serde::Deserialize;

/// Settings of a topic. What is absent is the cluster's default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TopicConfig {
    /// What removes records.
    #[serde(rename = "cleanup.policy")]
    pub cleanup_policy: CleanupPolicy,
    /// How long a record is kept, in milliseconds; -1 for ever. Present exactly where the policy deletes.
    #[serde(rename = "retention.ms", default)]
    pub retention_ms: Option<i64>,
    /// Size of the largest batch of records as the producer compressed it, in bytes, at most 1 MiB.
    #[serde(rename = "max.message.bytes")]
    pub max_message_bytes: u32,
    /// Who sets the records' timestamps, by which retention counts.
    #[serde(rename = "message.timestamp.type")]
    pub timestamp_type: TimestampType,
    /// How long a tombstone is kept after compaction, in milliseconds.
    #[serde(rename = "delete.retention.ms", default)]
    pub delete_retention_ms: Option<i64>,
    /// After how many milliseconds at most a replaced record is compacted away.
    #[serde(rename = "max.compaction.lag.ms", default)]
    pub max_compaction_lag_ms: Option<i64>,
}

/// What removes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum CleanupPolicy {
    /// Age.
    #[serde(rename = "delete")]
    Delete,
    /// A newer record of the same key.
    #[serde(rename = "compact")]
    Compact,
    /// Both.
    #[serde(rename = "compact,delete")]
    CompactDelete,
}

impl CleanupPolicy {
    /// Whether records are removed by age.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::CompactDelete)
    }

    /// Whether records are removed because a newer one has their key.
    pub fn compacts(self) -> bool {
        matches!(self, Self::Compact | Self::CompactDelete)
    }

    /// As Kafka writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
            Self::CompactDelete => "compact,delete",
        }
    }
}

/// Who sets the records' timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TimestampType {
    /// The producer; events of AWS say `CREATE_TIME`.
    CreateTime,
    /// The broker; events of AWS say `LOG_APPEND_TIME`.
    LogAppendTime,
}

impl TimestampType {
    /// As Kafka writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateTime => "CreateTime",
            Self::LogAppendTime => "LogAppendTime",
        }
    }
}

impl TopicConfig {
    /// The settings as a Kafka client or Terraform takes them.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let numbers = [
            ("retention.ms", self.retention_ms),
            ("delete.retention.ms", self.delete_retention_ms),
            ("max.compaction.lag.ms", self.max_compaction_lag_ms),
        ];
        let mut entries = vec![
            ("cleanup.policy", self.cleanup_policy.as_str().to_owned()),
            ("max.message.bytes", self.max_message_bytes.to_string()),
            ("message.timestamp.type", self.timestamp_type.as_str().to_owned()),
        ];
        entries.extend(numbers.into_iter().filter_map(|(key, number)| Some((key, number?.to_string()))));
        entries
    }
}
