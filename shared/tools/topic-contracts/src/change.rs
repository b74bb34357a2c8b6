//! What has to change in a cluster, in the words that a person reads.

use std::fmt;

/// A step that brings a topic nearer to its contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The topic does not exist.
    Create {
        /// Its partitions.
        partitions: u32,
        /// Its settings, in Kafka's words.
        config: Vec<(&'static str, String)>,
    },
    /// A setting has another value.
    Set {
        /// The setting, in Kafka's words.
        key: &'static str,
        /// What it is; `None` if the cluster did not say.
        from: Option<String>,
        /// What it becomes.
        to: String,
        /// What it costs, where it costs something.
        warning: Option<&'static str>,
    },
    /// There are fewer partitions than the contract says.
    AddPartitions {
        /// How many there are.
        from: u32,
        /// How many there will be.
        to: u32,
        /// What it costs, where records have keys.
        warning: Option<&'static str>,
    },
}

/// A step of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The topic as the cluster names it.
    pub topic: String,
    /// The step.
    pub step: Step,
}

/// What a contract asks for and is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The topic as the cluster names it.
    pub topic: String,
    /// What was asked for.
    pub asked: String,
    /// Why it is not done, and what to do.
    pub reason: &'static str,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.topic)?;
        let warning = match &self.step {
            Step::Create { partitions, config } => {
                let config: Vec<_> = config.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "create it with {partitions} partitions, {}", config.join(" "))?;
                None
            }
            Step::Set { key, from, to, warning } => {
                let from = from.as_deref().unwrap_or("an unknown value");
                write!(f, "set {key} from {from} to {to}")?;
                *warning
            }
            Step::AddPartitions { from, to, warning } => {
                write!(f, "add partitions, from {from} to {to}")?;
                *warning
            }
        };
        warning.map_or(Ok(()), |warning| write!(f, "\n  warning: {warning}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: refused to {}: {}", self.topic, self.asked, self.reason)
    }
}
