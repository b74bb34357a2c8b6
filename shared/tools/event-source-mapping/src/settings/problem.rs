//! The problems of settings, all of them at once.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, in CloudFormation's words.
    pub setting: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

/// All that is wrong with the settings of one mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    /// The mapping's name in its file.
    pub mapping: String,
    /// In the order of the settings.
    pub found: Vec<Problem>,
}

impl Problems {
    pub(super) fn add(&mut self, setting: &str, reason: impl Into<String>) {
        self.found.push(Problem { setting: setting.to_owned(), reason: reason.into() });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings of mapping {} cannot be used:", self.mapping)?;
        self.found.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.setting, problem.reason))
    }
}

impl std::error::Error for Problems {}
