//! The contract of a topic, field by field as its file has them.

use serde::Deserialize;
use topic_names::SubjectStrategy;

use crate::config::TopicConfig;

/// What a topic is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TopicContract {
    /// The team that decides about the topic and its schemas.
    pub owner: String,
    /// What a record means.
    pub description: String,
    /// What its records are to each other.
    pub kind: Kind,
    /// Who writes to it; at least one.
    pub producers: Vec<Producer>,
    /// The records' keys.
    pub key: Key,
    /// The records' values.
    pub value: Value,
    /// Where a record names a person: `key`, `key.id`, `value.after.account_id`. Empty: nowhere.
    pub person: Vec<String>,
    /// Number of partitions, 1 to 1000.
    pub partitions: u32,
    /// The topic's own settings; everything else is the cluster's default.
    pub config: TopicConfig,
}

/// What the records of a topic are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Each record is needed; none replaces another.
    Facts,
    /// Each record is a change of a row, in the order of the changes.
    ChangedRows,
    /// The newest record of a key replaces the older ones.
    CompactedState,
}

impl Kind {
    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::ChangedRows => "changed rows",
            Self::CompactedState => "compacted state",
        }
    }
}

/// Who writes to a topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Producer {
    /// A Debezium connector, by its `topic.prefix`.
    Connector(String),
    /// A function of this repository, by the name of its folder.
    Function(String),
    /// A program outside of this repository.
    Service(String),
}

/// The keys of a topic's records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Key {
    /// How they are written.
    pub format: KeyFormat,
    /// What they stand for; without keys, why there are none.
    pub meaning: String,
    /// How their subjects are named.
    #[serde(default)]
    pub strategy: Strategy,
    /// Their schemas, by the folders of `events/schemas`. Empty: no function here may read them as Avro.
    #[serde(default)]
    pub subjects: Vec<String>,
}

/// How keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyFormat {
    /// Avro in the frame of a registry.
    Avro,
    /// Plain UTF-8 without a frame.
    Text,
    /// There are none.
    None,
}

/// The values of a topic's records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Value {
    /// How they are written.
    pub format: ValueFormat,
    /// How their subjects are named.
    #[serde(default)]
    pub strategy: Strategy,
    /// Their schemas, by the folders of `events/schemas`. Empty: no function here may read them as Avro.
    #[serde(default)]
    pub subjects: Vec<String>,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueFormat {
    /// Avro in the frame of a registry.
    Avro,
    /// A JSON document as UTF-8.
    Json,
}

/// How subjects are named: [`SubjectStrategy`], as files write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Strategy(pub SubjectStrategy);

impl TryFrom<String> for Strategy {
    type Error = topic_names::UnknownStrategy;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}
