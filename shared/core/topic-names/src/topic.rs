//! Parses and builds topic names: domain events, changes of tables, and the connectors' own topics.

use std::fmt;
use std::str::FromStr;

/// Kafka's own limit: the name becomes the name of a folder.
const MAX_LENGTH: usize = 249;
const HEARTBEAT: &str = "__debezium-heartbeat";
const CHANGES: &str = "cdc";

/// The name of a topic, known to follow the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(String);

/// What a topic holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicKind<'a> {
    /// Events that a producer of our own publishes: `<domain>.<entity>.<event>`.
    DomainEvent {
        /// The area that publishes it, such as `support`.
        domain: &'a str,
        /// The thing that it is about, such as `ticket`.
        entity: &'a str,
        /// What happened to it, such as `updated`.
        event: &'a str,
    },
    /// Changed rows of a table: `cdc.<system>.<schema or database>.<table>`.
    Change {
        /// Which database.
        system: &'a str,
        /// PostgreSQL's schema, or MySQL's or MongoDB's database.
        container: &'a str,
        /// The table or collection.
        table: &'a str,
    },
    /// A connector's own topic.
    Helper {
        /// Which database.
        system: &'a str,
        /// What it is for.
        helper: Helper,
    },
}

/// A connector's own topics, in addition to the changes of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Helper {
    /// `__debezium-heartbeat.cdc.<system>`: keeps offsets moving while a database is quiet.
    Heartbeat,
    /// `cdc.<system>.transaction`: where transactions begin and end.
    Transaction,
    /// `cdc.<system>.message`: logical decoding messages of PostgreSQL.
    Message,
    /// `cdc.<system>`: statements that changed the schema, which MySQL's connector publishes for consumers.
    SchemaChanges,
    /// `cdc.<system>.schema-history`: the same, for the connector itself (`schema.history.internal.kafka.topic`).
    SchemaHistory,
}

impl TopicName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the topic holds.
    pub fn kind(&self) -> TopicKind<'_> {
        // Only the parser makes a TopicName, so the second case does not occur.
        classify(&self.0).unwrap_or(TopicKind::Helper { system: &self.0, helper: Helper::SchemaChanges })
    }

    /// The topic of a domain event.
    ///
    /// # Errors
    /// When a segment breaks the rules, or the domain is `cdc`.
    pub fn domain_event(domain: &str, entity: &str, event: &str) -> Result<Self, TopicNameError> {
        parse_as(format!("{domain}.{entity}.{event}"), |kind| matches!(kind, TopicKind::DomainEvent { .. }))
    }

    /// The topic of a table's changes. `container` is PostgreSQL's schema, or MySQL's or MongoDB's database.
    ///
    /// # Errors
    /// When a segment breaks the rules.
    pub fn change(system: &str, container: &str, table: &str) -> Result<Self, TopicNameError> {
        parse_as(format!("{CHANGES}.{system}.{container}.{table}"), |kind| matches!(kind, TopicKind::Change { .. }))
    }

    /// The `topic.prefix` of the connector that writes this topic; `None` for domain events.
    pub fn connector_prefix(&self) -> Option<String> {
        match self.kind() {
            TopicKind::DomainEvent { .. } => None,
            TopicKind::Change { system, .. } | TopicKind::Helper { system, .. } => Some(format!("{CHANGES}.{system}")),
        }
    }

    /// A placeholder until a configuration's problems are reported.
    #[doc(hidden)]
    pub fn stand_in() -> Self {
        Self("domain.entity.event".to_owned())
    }
}

fn parse_as(name: String, wanted: impl Fn(TopicKind<'_>) -> bool) -> Result<TopicName, TopicNameError> {
    match classify(&name) {
        Ok(kind) if wanted(kind) => Ok(TopicName(name)),
        Ok(_) => Err(TopicNameError { problem: TopicProblem::Segments(name.split('.').count()), name }),
        Err(problem) => Err(TopicNameError { name, problem }),
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(name: &str) -> Result<Self, TopicNameError> {
        parse_as(name.to_owned(), |_| true)
    }
}

impl TryFrom<String> for TopicName {
    type Error = TopicNameError;

    fn try_from(name: String) -> Result<Self, TopicNameError> {
        parse_as(name, |_| true)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

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

fn classify(name: &str) -> Result<TopicKind<'_>, TopicProblem> {
    if name.is_empty() {
        return Err(TopicProblem::Empty);
    }
    let length = name.chars().count();
    if length > MAX_LENGTH {
        return Err(TopicProblem::TooLong(length));
    }
    let segments: Vec<&str> = name.split('.').collect();
    if let Some(empty) = segments.iter().position(|segment| segment.is_empty()) {
        return Err(TopicProblem::EmptySegment(empty + 1));
    }
    let helper = |system, helper| {
        ours(2, system)?;
        Ok(TopicKind::Helper { system, helper })
    };
    match *segments.as_slice() {
        [HEARTBEAT, CHANGES, system] => {
            ours(3, system)?;
            Ok(TopicKind::Helper { system, helper: Helper::Heartbeat })
        }
        [HEARTBEAT, ..] => Err(TopicProblem::Heartbeat),
        [CHANGES, system] => helper(system, Helper::SchemaChanges),
        [CHANGES, system, "transaction"] => helper(system, Helper::Transaction),
        [CHANGES, system, "message"] => helper(system, Helper::Message),
        [CHANGES, system, "schema-history"] => helper(system, Helper::SchemaHistory),
        [CHANGES, system, container, table] => {
            ours(2, system)?;
            of_database(3, container)?;
            of_database(4, table)?;
            Ok(TopicKind::Change { system, container, table })
        }
        [CHANGES] | [CHANGES, _, _] => Err(TopicProblem::Connector),
        [CHANGES, ..] => Err(TopicProblem::DottedTable(segments.len())),
        [domain, entity, event] => {
            for (index, segment) in [domain, entity, event].into_iter().enumerate() {
                ours(index + 1, segment)?;
            }
            Ok(TopicKind::DomainEvent { domain, entity, event })
        }
        _ => Err(TopicProblem::Segments(segments.len())),
    }
}

/// Checks a segment that we name: words separated by hyphens.
fn ours(segment: usize, text: &str) -> Result<(), TopicProblem> {
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' | '-' => {}
            '_' => return Err(TopicProblem::Underscore(segment)),
            'A'..='Z' => return Err(TopicProblem::Capital { segment, character, database: false }),
            _ => return Err(TopicProblem::Character { segment, character }),
        }
    }
    if text.split('-').any(str::is_empty) {
        return Err(TopicProblem::Hyphen(segment));
    }
    if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(TopicProblem::Beginning(segment));
    }
    Ok(())
}

/// Checks a segment that the database named. Debezium copies it and replaces characters that Kafka refuses with `_`.
fn of_database(segment: usize, text: &str) -> Result<(), TopicProblem> {
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' | '-' | '_' => {}
            'A'..='Z' => return Err(TopicProblem::Capital { segment, character, database: true }),
            _ => return Err(TopicProblem::Character { segment, character }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str) -> TopicProblem {
        name.parse::<TopicName>().unwrap_err().problem
    }

    #[test]
    fn a_domain_event_has_domain_entity_and_event() {
        let topic: TopicName = "user.payment-method.expired-2".parse().unwrap();
        let kind = TopicKind::DomainEvent { domain: "user", entity: "payment-method", event: "expired-2" };
        assert_eq!(topic.kind(), kind);
        assert_eq!(topic.connector_prefix(), None);
        assert_eq!(TopicName::domain_event("user", "payment-method", "expired-2").unwrap(), topic);
    }

    #[test]
    fn changes_keep_the_databases_own_names() {
        for (container, table) in [("public", "tickets"), ("public", "dbz_signal"), ("_old", "2024-orders")] {
            let topic = TopicName::change("postgres", container, table).unwrap();
            assert_eq!(topic.kind(), TopicKind::Change { system: "postgres", container, table });
            assert_eq!(topic.as_str().parse::<TopicName>().unwrap(), topic);
            assert_eq!(topic.connector_prefix().as_deref(), Some("cdc.postgres"));
        }
    }

    #[test]
    fn a_connectors_own_topics_are_not_tables_or_events() {
        for (name, helper) in [
            ("__debezium-heartbeat.cdc.mysql", Helper::Heartbeat),
            ("cdc.mysql.transaction", Helper::Transaction),
            ("cdc.mysql.message", Helper::Message),
            ("cdc.mysql", Helper::SchemaChanges),
            ("cdc.mysql.schema-history", Helper::SchemaHistory),
        ] {
            let topic: TopicName = name.parse().unwrap();
            assert_eq!(topic.kind(), TopicKind::Helper { system: "mysql", helper });
            assert_eq!(topic.connector_prefix().as_deref(), Some("cdc.mysql"));
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_and_in_which_segment() {
        for (name, expected) in [
            ("", TopicProblem::Empty),
            ("user..updated", TopicProblem::EmptySegment(2)),
            (".user.profile", TopicProblem::EmptySegment(1)),
            ("support.ticket.closed.", TopicProblem::EmptySegment(4)),
            ("user.profile", TopicProblem::Segments(2)),
            ("support.ticket.closed.v1", TopicProblem::Segments(4)),
            ("orders", TopicProblem::Segments(1)),
            ("user.Profile.updated", TopicProblem::Capital { segment: 2, character: 'P', database: false }),
            ("cdc.postgres.public.Tickets", TopicProblem::Capital { segment: 4, character: 'T', database: true }),
            ("user.profile_picture.updated", TopicProblem::Underscore(2)),
            ("cdc.post_gres.public.tickets", TopicProblem::Underscore(2)),
            ("user.profil\u{e9}.updated", TopicProblem::Character { segment: 2, character: '\u{e9}' }),
            ("user.profile .updated", TopicProblem::Character { segment: 2, character: ' ' }),
            ("2support.ticket.closed", TopicProblem::Beginning(1)),
            ("user.-profile.updated", TopicProblem::Hyphen(2)),
            ("user.a--b.updated", TopicProblem::Hyphen(2)),
            ("cdc", TopicProblem::Connector),
            ("cdc.postgres.tickets", TopicProblem::Connector),
            ("cdc.mongodb.users.system.profile", TopicProblem::DottedTable(5)),
            ("__debezium-heartbeat.postgres", TopicProblem::Heartbeat),
            ("__debezium-heartbeat.cdc.postgres.x", TopicProblem::Heartbeat),
        ] {
            assert_eq!(problem(name), expected, "{name}");
        }
        let long = format!("user.profile.{}", "a".repeat(237));
        assert_eq!(problem(&long), TopicProblem::TooLong(250));
        assert!(long[..249].parse::<TopicName>().is_ok());
    }

    #[test]
    fn a_segment_cannot_turn_a_topic_into_another_kind() {
        assert!(TopicName::domain_event("cdc", "postgres", "transaction").is_err());
        assert!(TopicName::domain_event("user", "profile.picture", "updated").is_err());
        assert!(TopicName::change("postgres", "public", "a.b").is_err());
    }

    #[test]
    fn a_message_stays_on_one_line() {
        let message = "support.ticket.closed\nERROR".parse::<TopicName>().unwrap_err().to_string();
        assert!(!message.contains('\n'), "{message}");
    }

    #[test]
    fn kafka_takes_every_name_that_parses() {
        let mut state = 7u64;
        let alphabet = ['a', 'z', '0', '-', '_', '.', 'A', ' ', '/', '\u{e9}'];
        for _ in 0..200_000 {
            let mut name = ["", "cdc.", "cdc.a.", "a.b.", "__debezium-heartbeat.cdc."][(state % 5) as usize].to_owned();
            for _ in 0..state % 7 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                name.push(alphabet[(state >> 33) as usize % alphabet.len()]);
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(11) ^ (state >> 29);
            if let Ok(topic) = name.parse::<TopicName>() {
                assert_eq!(topic.to_string(), name);
                assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)));
                assert!(!name.contains("..") && name.len() <= MAX_LENGTH);
            }
        }
    }
}
