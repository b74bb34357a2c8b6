//! Contracts that cannot be read, and contracts that do not hold.

use std::fmt;
use std::io;
use std::path::PathBuf;

use topic_names::{EnvironmentNamesError, RulesError};

/// A contract that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The topic: the file's name without `.json`.
    pub topic: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.topic, self.problem)
    }
}

/// The folder of contracts is not usable.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Another file than a contract.
    #[error("{}: this folder has <topic>.json, topic.schema.json and README.md, nothing else", path.display())]
    Stray {
        /// The file.
        path: PathBuf,
    },
    /// No contract is in the folder.
    #[error("{}: there are no contracts; each is a file <topic>.json", folder.display())]
    NoTopics {
        /// The folder.
        folder: PathBuf,
    },
    /// A schema that is part of this crate is not one.
    #[error("a schema of events is not a JSON Schema: {0}")]
    Schema(String),
    /// A file about names has not the form that its schema says.
    #[error("{}: {}", path.display(), problems.join("; "))]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, each with its place.
        problems: Vec<String>,
    },
    /// The rules of names cannot be used.
    #[error("{}: {source}", path.display())]
    Rules {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RulesError,
    },
    /// The names of an environment cannot be used.
    #[error("{}: {}", path.display(), problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Names {
        /// The file.
        path: PathBuf,
        /// Why.
        problems: Vec<EnvironmentNamesError>,
    },
    /// Contracts break rules.
    #[error("contracts of topics do not hold: {}", list(.0))]
    Invalid(Vec<Violation>),
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; ")
}
