//! What an environment calls the topics that contracts declare.

use std::collections::BTreeMap;

use crate::kafka::{MAX_LENGTH, in_metrics, kafka_takes, takes};

/// The prefix of a connector's heartbeat topics. It stays first: Debezium writes `<heartbeat prefix>.<topic.prefix>`.
const HEARTBEATS: &str = "__debezium-heartbeat.";

/// An environment's own names: a prefix before every declared name, and single topics by names of their own.
///
/// By default each topic is called as it is declared. The prefix belongs to a connector's `topic.prefix`, so in a heartbeat
/// topic it stands behind `__debezium-heartbeat.`. A topic with a name of its own has no prefix.
///
/// ```
/// use topic_names::EnvironmentNames;
///
/// let own = [("support.ticket.closed".to_owned(), "legacy.tickets".to_owned())];
/// let names = EnvironmentNames::new("staging.", own)?;
/// assert_eq!(names.in_cluster("support.ticket.opened"), "staging.support.ticket.opened");
/// assert_eq!(names.in_cluster("support.ticket.closed"), "legacy.tickets");
/// assert_eq!(names.in_cluster("__debezium-heartbeat.cdc.postgres"), "__debezium-heartbeat.staging.cdc.postgres");
/// assert_eq!(names.declared("legacy.tickets").as_deref(), Some("support.ticket.closed"));
/// assert_eq!(names.declared("production.support.ticket.opened"), None);
/// # Ok::<(), topic_names::EnvironmentNamesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentNames {
    prefix: String,
    in_cluster: BTreeMap<String, String>,
    declared: BTreeMap<String, String>,
}

/// Names that an environment cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentNamesError {
    /// A prefix that Kafka does not take, or that would hide what a topic is.
    #[error(
        "the prefix `{}` cannot be used: it begins with a letter or digit and has letters, digits, `.`, `_` and `-`",
        .0.escape_debug()
    )]
    Prefix(String),
    /// A name that Kafka does not take.
    #[error(
        "`{}` would be `{}` in the cluster, which Kafka does not take: a name has 1 to {MAX_LENGTH} letters, digits, `.`, `_` and `-`, and is not `.` or `..`",
        declared.escape_debug(),
        in_cluster.escape_debug()
    )]
    NotKafkas {
        /// The topic as it is declared.
        declared: String,
        /// Its name in the cluster.
        in_cluster: String,
    },
    /// Two topics under one name.
    #[error("`{first}` and `{second}` would both be `{in_cluster}` in the cluster: give one of them another name")]
    Taken {
        /// A topic as it is declared.
        first: String,
        /// The other one.
        second: String,
        /// Their name in the cluster.
        in_cluster: String,
    },
    /// Two names that Kafka's metrics cannot tell apart.
    #[error(
        "`{first}` and `{second}` differ only by `.` and `_`, which Kafka's metrics do not tell apart, so it creates only one of them: give one another name"
    )]
    Alike {
        /// A topic's name in the cluster.
        first: String,
        /// The other one.
        second: String,
    },
    /// A name for a topic that has no contract.
    #[error("`{}` is given a name and is not declared: correct the name, or remove it", .0.escape_debug())]
    Undeclared(String),
}

impl EnvironmentNames {
    /// The names of an environment. `prefix` may be empty; `topics` has pairs of a declared name and its name in the cluster.
    ///
    /// # Errors
    /// When Kafka does not take a name, or two topics get the same one.
    pub fn new(
        prefix: &str,
        topics: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, EnvironmentNamesError> {
        let begins = prefix.chars().next().is_none_or(|first| first.is_ascii_alphanumeric());
        if !begins || prefix.len() > MAX_LENGTH || !prefix.chars().all(takes) {
            return Err(EnvironmentNamesError::Prefix(prefix.to_owned()));
        }
        let mut names = Self { prefix: prefix.to_owned(), ..Self::default() };
        for (declared, in_cluster) in topics {
            if !kafka_takes(&in_cluster) {
                return Err(EnvironmentNamesError::NotKafkas { declared, in_cluster });
            }
            if let Some(first) = names.declared.insert(in_cluster.clone(), declared.clone()) {
                return Err(EnvironmentNamesError::Taken { first, second: declared, in_cluster });
            }
            if let Some(earlier) = names.in_cluster.insert(declared, in_cluster) {
                names.declared.remove(&earlier);
            }
        }
        Ok(names)
    }

    /// What the environment calls a declared topic.
    pub fn in_cluster(&self, declared: &str) -> String {
        if let Some(own) = self.in_cluster.get(declared) {
            return own.clone();
        }
        let (heartbeats, rest) = parted(declared);
        format!("{heartbeats}{}{rest}", self.prefix)
    }

    /// The declared name of a topic of the cluster; `None` for one that has another prefix, which belongs to others, and for
    /// a name that nothing has because its topic has a name of its own.
    pub fn declared(&self, in_cluster: &str) -> Option<String> {
        if let Some(declared) = self.declared.get(in_cluster) {
            return Some(declared.clone());
        }
        let (heartbeats, rest) = parted(in_cluster);
        let declared = format!("{heartbeats}{}", rest.strip_prefix(&self.prefix)?);
        (!declared.is_empty() && !self.in_cluster.contains_key(&declared)).then_some(declared)
    }

    /// What is wrong with the names of all topics that are declared; empty if each has one of its own. Then, and for these
    /// topics, [`in_cluster`](Self::in_cluster) and [`declared`](Self::declared) are each other's inverse.
    pub fn problems<'a>(&self, declared: impl IntoIterator<Item = &'a str>) -> Vec<EnvironmentNamesError> {
        let mut problems = Vec::new();
        let mut by_name: BTreeMap<String, &str> = BTreeMap::new();
        let mut by_metric: BTreeMap<String, String> = BTreeMap::new();
        let mut undeclared: Vec<&String> = self.in_cluster.keys().collect();
        for declared in declared {
            undeclared.retain(|name| *name != declared);
            let in_cluster = self.in_cluster(declared);
            let taken = by_name.insert(in_cluster.clone(), declared);
            let alike = by_metric.insert(in_metrics(&in_cluster), in_cluster.clone());
            if !kafka_takes(&in_cluster) {
                problems.push(EnvironmentNamesError::NotKafkas { declared: declared.to_owned(), in_cluster });
            } else if let Some(first) = taken.filter(|first| *first != declared) {
                let (first, second) = (first.to_owned(), declared.to_owned());
                problems.push(EnvironmentNamesError::Taken { first, second, in_cluster });
            } else if let Some(first) = alike.filter(|first| *first != in_cluster) {
                problems.push(EnvironmentNamesError::Alike { first, second: in_cluster });
            }
        }
        problems.extend(undeclared.into_iter().cloned().map(EnvironmentNamesError::Undeclared));
        problems
    }
}

/// Whether Kafka creates only one of two topics: their names differ by nothing but `.` and `_`.
pub fn alike_in_metrics(a: &str, b: &str) -> bool {
    a != b && in_metrics(a) == in_metrics(b)
}

fn parted(name: &str) -> (&str, &str) {
    name.strip_prefix(HEARTBEATS).map_or(("", name), |rest| (HEARTBEATS, rest))
}
