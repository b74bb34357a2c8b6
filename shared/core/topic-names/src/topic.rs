//! A topic's name that is known to follow the rules.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::kind::TopicKind;
use crate::problem::{TopicNameError, TopicProblem};
use crate::rules::{NamingRules, Shape};

/// The name of a topic, known to follow the rules: this crate's, unless others were given. Names are equal if their texts are.
#[derive(Debug, Clone)]
pub struct TopicName {
    name: String,
    shape: Shape,
}

impl TopicName {
    /// Parses a name by an organisation's rules; [`str::parse`] does so by the rules of this crate.
    ///
    /// # Errors
    /// When the text fits no pattern, or holds what its placeholders do not take.
    pub fn by(rules: &NamingRules, name: &str) -> Result<Self, TopicNameError> {
        Self::parse_as(rules, name.to_owned(), |_| true)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What the topic holds.
    pub fn kind(&self) -> TopicKind<'_> {
        self.shape.kind(&self.name)
    }

    /// The topic of a domain event.
    ///
    /// # Errors
    /// When a segment breaks the rules of this crate, or the domain is `cdc`.
    pub fn domain_event(domain: &str, entity: &str, event: &str) -> Result<Self, TopicNameError> {
        let name = format!("{domain}.{entity}.{event}");
        Self::parse_as(NamingRules::ours(), name, |kind| matches!(kind, TopicKind::DomainEvent { .. }))
    }

    /// The topic of a table's changes. `container` is PostgreSQL's schema, or MySQL's or MongoDB's database.
    ///
    /// # Errors
    /// When a segment breaks the rules of this crate.
    pub fn change(system: &str, container: &str, table: &str) -> Result<Self, TopicNameError> {
        let name = format!("cdc.{system}.{container}.{table}");
        Self::parse_as(NamingRules::ours(), name, |kind| matches!(kind, TopicKind::Change { .. }))
    }

    /// The `topic.prefix` of the connector that writes this topic; `None` for domain events.
    pub fn connector_prefix(&self) -> Option<String> {
        self.shape.prefix(&self.name).map(str::to_owned)
    }

    /// A placeholder until a configuration's problems are reported.
    #[doc(hidden)]
    pub fn stand_in() -> Self {
        Self { name: "domain.entity.event".to_owned(), shape: Shape::of_stand_in() }
    }

    fn parse_as(
        rules: &NamingRules,
        name: String,
        wanted: impl Fn(TopicKind<'_>) -> bool,
    ) -> Result<Self, TopicNameError> {
        match rules.classify(&name) {
            Ok(shape) if wanted(shape.kind(&name)) => Ok(Self { name, shape }),
            Ok(_) => Err(TopicNameError { problem: TopicProblem::Segments(name.split('.').count()), name }),
            Err(problem) => Err(TopicNameError { name, problem }),
        }
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(name: &str) -> Result<Self, TopicNameError> {
        Self::by(NamingRules::ours(), name)
    }
}

impl TryFrom<String> for TopicName {
    type Error = TopicNameError;

    fn try_from(name: String) -> Result<Self, TopicNameError> {
        Self::parse_as(NamingRules::ours(), name, |_| true)
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl PartialEq for TopicName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TopicName {}

impl PartialOrd for TopicName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TopicName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hash for TopicName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::MAX_LENGTH;
    use crate::kind::Helper;

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
