//! Finds the conflicts between a new version of a schema and the versions before it.

use std::fmt;

use avro_decode::{Incompatibility, Rule, Schema, incompatibilities};

use super::level::{Direction, Level};

/// A version that the new one is incompatible with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The version's number.
    pub version: u32,
    /// Which of the two cannot read the other's data.
    pub direction: Direction,
    /// Where and why; at least one.
    pub found: Vec<Incompatibility>,
}

/// Where `new` breaks the rules of `level`. `history` contains the versions before it, the latest last.
pub fn conflicts(new: &Schema, history: &[(u32, &Schema)], level: Level) -> Vec<Conflict> {
    let counted = if level.is_transitive() { history } else { history.last().map(std::slice::from_ref).unwrap_or(&[]) };
    let mut conflicts = Vec::new();
    for &(version, old) in counted {
        for &direction in level.directions() {
            let found = match direction {
                Direction::Backward => incompatibilities(old, new),
                Direction::Forward => incompatibilities(new, old),
            };
            if !found.is_empty() {
                conflicts.push(Conflict { version, direction, found });
            }
        }
    }
    conflicts
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let old = self.version;
        match self.direction {
            Direction::Backward => write!(f, "a reader of the new version cannot read what version {old} wrote")?,
            Direction::Forward => write!(f, "a reader of version {old} cannot read what the new version writes")?,
        }
        for found in &self.found {
            let error = found.error();
            // A missing field is in the reader's schema alone. Everything else is named by the writer's path, which has branches.
            let path = match error.rule() {
                Rule::MissingField | Rule::InvalidDefault => error.reader_path(),
                _ => error.writer_path(),
            };
            let place = if path == "." { "at the root".to_owned() } else { format!("at `{path}`") };
            write!(f, "\n  {place}: {} ({})", error.problem(), error.code())?;
            write!(f, "\n    written: {}\n    read as: {}", found.writer_fragment(), found.reader_fragment())?;
            write!(f, "\n    remedy:  {}", error.remedy())?;
        }
        Ok(())
    }
}
