//! Parses and builds names of topics, and of the subjects that hold their schemas, by one set of rules.
//!
//! | topic | name | example |
//! |---|---|---|
//! | domain event | `<domain>.<entity>.<event>` | `support.ticket.closed` |
//! | changed rows of a table | `cdc.<system>.<schema or database>.<table>` | `cdc.postgres.public.tickets` |
//! | a connector's heartbeats | `__debezium-heartbeat.cdc.<system>` | `__debezium-heartbeat.cdc.postgres` |
//! | a connector's transactions, messages, schema history | `cdc.<system>.transaction`, `….message`, `….schema-history` | `cdc.postgres.transaction` |
//! | a connector's schema changes | `cdc.<system>` | `cdc.mysql` |
//!
//! `cdc.<system>` is a Debezium connector's `topic.prefix`; all its topics begin with it. Names are lowercase. A segment
//! begins with a letter and consists of words of letters and digits, separated by hyphens. Schema, database and table are
//! the database's own names, which the connector copies: they may also contain underscores, and begin with a digit or an
//! underscore.
//!
//! That is the default. An organisation whose topics are named otherwise has [`NamingRules`] of its own, and an environment
//! that calls topics otherwise than they are declared has [`EnvironmentNames`].
//!
//! ```
//! use topic_names::{Part, SubjectStrategy, TopicKind, TopicName};
//!
//! let topic: TopicName = "cdc.postgres.public.tickets".parse()?;
//! assert_eq!(topic.kind(), TopicKind::Change { system: "postgres", container: "public", table: "tickets" });
//! assert_eq!(SubjectStrategy::TopicName.subject(topic.as_str(), Part::Value, None)?, "cdc.postgres.public.tickets-value");
//!
//! let error = "support.ticketClosed".parse::<TopicName>().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "`support.ticketClosed` is not a topic name: it has 2 segments; \
//!      a domain event is `<domain>.<entity>.<event>`, changes of a table are `cdc.<system>.<schema or database>.<table>`",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod environment;
mod kafka;
mod kafka_topic;
mod kind;
mod pattern;
mod problem;
mod rules;
mod subject;
mod topic;

pub use environment::{EnvironmentNames, EnvironmentNamesError, alike_in_metrics};
pub use kafka_topic::{KafkaTopic, NotAKafkaTopic};
pub use kind::{Helper, TopicKind};
pub use pattern::{Holds, PatternProblem};
pub use problem::{TopicNameError, TopicProblem};
pub use rules::{Letters, NamingRules, RulesError};
pub use subject::{Part, SubjectError, SubjectStrategy, UnknownStrategy};
pub use topic::TopicName;
