//! Problems of variables, worded for the person who deploys the function.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// One variable that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(crate) variable: Cow<'static, str>,
    pub(crate) wrong: String,
    pub(crate) expected: String,
    pub(crate) example: String,
    pub(crate) doc: &'static str,
}

impl Problem {
    /// The variable's name.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// What is wrong with it, as the rest of a sentence that begins with its name.
    pub fn wrong(&self) -> &str {
        &self.wrong
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.wrong)?;
        for (label, text) in [("meaning", self.doc), ("expected", self.expected.as_str())] {
            if !text.is_empty() {
                write!(f, "\n  {label:<9} {text}")?;
            }
        }
        if !self.example.is_empty() {
            write!(f, "\n  example   {}={}", self.variable, self.example)?;
        }
        Ok(())
    }
}

/// All problems, at least one. `Display` writes several lines for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    problems: Vec<Problem>,
    read: usize,
}

impl Problems {
    /// The exit status of a process that cannot read its configuration: `EX_CONFIG` of BSD's `sysexits.h`.
    pub const EXIT_CODE: u8 = 78;

    /// The problems of parts of a configuration that were read one after the other (see [`Attempt`](crate::Attempt)), in
    /// `read` variables together. `None` if there are none.
    pub fn of(problems: Vec<Problem>, read: usize) -> Option<Self> {
        (!problems.is_empty()).then_some(Problems { problems, read })
    }

    /// The problems in the order in which the variables were read.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {problems} in {} environment variables:", self.read)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n\n{problem}"))
    }
}

impl Error for Problems {}
