//! Names of subjects, under which a registry keeps the versions of a schema.

use std::fmt;
use std::str::FromStr;

/// A record's key or its value; each has a schema of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
}

/// What a subject is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SubjectStrategy {
    /// The topic: `<topic>-key`, `<topic>-value`. Each topic has one type of event. Debezium does this.
    #[default]
    TopicName,
    /// The record's full name: one history for a type in all topics.
    RecordName,
    /// Both: `<topic>-<full name>`. A topic may have several types, each with a history of its own there.
    TopicRecordName,
}

impl SubjectStrategy {
    /// The subject of a topic's keys or values. `record` is the full name of the schema's record, which two of the strategies
    /// need.
    ///
    /// # Errors
    /// When the strategy needs the record's name and the schema is not a record: strings, numbers and unions have no name.
    pub fn subject(self, topic: &str, part: Part, record: Option<&str>) -> Result<String, SubjectError> {
        let named = || match record {
            Some(record) if !record.is_empty() => Ok(record),
            Some(_) | None => Err(SubjectError { strategy: self, topic: topic.to_owned(), part }),
        };
        match self {
            Self::TopicName => Ok(format!("{topic}-{part}")),
            Self::RecordName => named().map(str::to_owned),
            Self::TopicRecordName => named().map(|record| format!("{topic}-{record}")),
        }
    }

    /// The topic and part of a subject that is named after its topic: `cdc.postgres.public.tickets-key`.
    pub fn topic_and_part(subject: &str) -> Option<(&str, Part)> {
        let key = subject.strip_suffix("-key").map(|topic| (topic, Part::Key));
        key.or_else(|| subject.strip_suffix("-value").map(|topic| (topic, Part::Value)))
    }
}

/// A subject that cannot be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {part} of topic `{}` has no subject: the strategy `{strategy}` names subjects after a record, and this schema \
     is not one. Make the schema a record, or use the strategy `topic`",
    topic.escape_debug()
)]
pub struct SubjectError {
    /// The strategy.
    pub strategy: SubjectStrategy,
    /// The topic.
    pub topic: String,
    /// Its keys or values.
    pub part: Part,
}

/// A text that does not name a strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a subject naming strategy; write `topic`, `record` or `topic-record`", .0.escape_debug())]
pub struct UnknownStrategy(pub String);

impl FromStr for SubjectStrategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        match text {
            "topic" => Ok(Self::TopicName),
            "record" => Ok(Self::RecordName),
            "topic-record" => Ok(Self::TopicRecordName),
            _ => Err(UnknownStrategy(text.to_owned())),
        }
    }
}

impl fmt::Display for SubjectStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TopicName => "topic",
            Self::RecordName => "record",
            Self::TopicRecordName => "topic-record",
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Value => "value",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "support.ticket.closed";
    const RECORD: &str = "support.ticket.Closed";

    #[test]
    fn each_strategy_names_subjects_as_confluents_serializers_do() {
        let name = |strategy: SubjectStrategy, part| strategy.subject(TOPIC, part, Some(RECORD)).unwrap();
        assert_eq!(name(SubjectStrategy::TopicName, Part::Key), "support.ticket.closed-key");
        assert_eq!(name(SubjectStrategy::TopicName, Part::Value), "support.ticket.closed-value");
        assert_eq!(name(SubjectStrategy::RecordName, Part::Value), RECORD);
        assert_eq!(name(SubjectStrategy::TopicRecordName, Part::Value), "support.ticket.closed-support.ticket.Closed");
    }

    #[test]
    fn a_strategy_that_needs_a_record_says_so() {
        assert!(SubjectStrategy::TopicName.subject(TOPIC, Part::Key, None).is_ok());
        let error = SubjectStrategy::RecordName.subject(TOPIC, Part::Key, None).unwrap_err();
        assert!(error.to_string().contains("the key of topic `support.ticket.closed` has no subject"), "{error}");
        assert!(SubjectStrategy::TopicRecordName.subject(TOPIC, Part::Key, Some("")).is_err());
    }

    #[test]
    fn a_subject_parses_back_into_its_topic() {
        let both = SubjectStrategy::topic_and_part;
        assert_eq!(both("support.ticket.closed-value"), Some((TOPIC, Part::Value)));
        assert_eq!(both("support.ticket.closed-key"), Some((TOPIC, Part::Key)));
        assert_eq!(both("support.ticket.Closed"), None);
    }

    #[test]
    fn a_strategy_is_read_as_it_is_written() {
        for strategy in [SubjectStrategy::TopicName, SubjectStrategy::RecordName, SubjectStrategy::TopicRecordName] {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        assert!("TopicNameStrategy".parse::<SubjectStrategy>().unwrap_err().to_string().contains("write `topic`"));
    }
}
