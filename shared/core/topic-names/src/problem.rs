//! Why a text is not a topic name.

use crate::kafka::MAX_LENGTH;

/// Why a text is not a topic name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a topic name: {problem}", name.escape_debug())]
pub struct TopicNameError {
    /// The text.
    pub name: String,
    /// What is wrong with it.
    pub problem: TopicProblem,
}

/// What is wrong with a topic's name, and what to do. Contains at most one character of the name, so that it can be shown
/// even if the text may be something else, such as a misplaced secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicProblem {
    /// Empty.
    #[error("it is empty; a topic is named like `support.ticket.closed` or `cdc.postgres.public.tickets`")]
    Empty,
    /// Longer than Kafka takes.
    #[error("it has {0} characters; Kafka takes at most {MAX_LENGTH}")]
    TooLong(usize),
    /// A segment with nothing in it.
    #[error("segment {0} is empty; remove dots in a row and at either end")]
    EmptySegment(usize),
    /// A letter that is not lowercase.
    #[error("segment {segment} holds the capital `{character}`; names are lowercase, with hyphens between words{}", routed(*.database))]
    Capital {
        /// Which segment, from 1.
        segment: usize,
        /// The letter.
        character: char,
        /// Whether the segment is a name from the database.
        database: bool,
    },
    /// An underscore where it may not be.
    #[error(
        "segment {0} holds an underscore; write a hyphen (only names of databases and tables may have underscores: \
             Kafka does not distinguish `.` from `_` in the names of metrics)"
    )]
    Underscore(usize),
    /// Another character that may not be in a name.
    #[error("segment {segment} holds `{}`; a name has lowercase letters, digits, dots and hyphens", character.escape_debug())]
    Character {
        /// Which segment, from 1.
        segment: usize,
        /// The character.
        character: char,
    },
    /// A segment that does not begin with a letter.
    #[error("segment {0} does not begin with a letter")]
    Beginning(usize),
    /// A hyphen without a word on either side.
    #[error("segment {0} has a hyphen without a word before or after it")]
    Hyphen(usize),
    /// Neither a domain event nor a connector's topic, by the number of segments.
    #[error(
        "it has {0} segments; a domain event is `<domain>.<entity>.<event>`, changes of a table are \
             `cdc.<system>.<schema or database>.<table>`"
    )]
    Segments(usize),
    /// `cdc.<system>.` followed by something that connectors do not write.
    #[error(
        "after `cdc.<system>` comes `<schema or database>.<table>`, or one of the connector's own topics: \
             `transaction`, `message` or `schema-history`; the domain of an event cannot be `cdc`"
    )]
    Connector,
    /// A table whose own name has dots.
    #[error(
        "it has {0} segments; changes of a table are `cdc.<system>.<schema or database>.<table>`. If the collection's \
             own name has dots, rename it in the connector (the transformation ByLogicalTableRouter)"
    )]
    DottedTable(usize),
    /// None of the names that the rules of an organisation allow.
    #[error("it fits none of the names that are allowed: {0}")]
    NoPattern(String),
    /// A heartbeat topic without one of our connectors' prefixes.
    #[error("after `__debezium-heartbeat` comes the connector's prefix, `cdc.<system>`")]
    Heartbeat,
}

fn routed(database: bool) -> &'static str {
    if database {
        "; if it is a table's name, make it lowercase in the connector (the transformation ByLogicalTableRouter)"
    } else {
        ""
    }
}
