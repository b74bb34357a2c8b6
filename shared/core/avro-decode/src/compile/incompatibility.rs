//! One place at which two schemas do not resolve, with the part of each at that place.

use std::fmt;

use crate::error::ResolveError;

/// The most that are reported of two schemas, since each comes with some kilobytes of both.
pub(crate) const MAX_INCOMPATIBILITIES: usize = 1_000;

/// A place at which the reader's schema cannot read the writer's data, with the part of both schemas at that place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incompatibility {
    error: ResolveError,
    writer: String,
    reader: String,
}

impl Incompatibility {
    pub(crate) fn new(error: ResolveError, writer: String, reader: String) -> Self {
        Self { error, writer, reader }
    }

    /// Where, which rule, why, and what to change.
    pub fn error(&self) -> &ResolveError {
        &self.error
    }

    /// The writer's schema at that place, as JSON; what lies deeper is abridged to its name.
    pub fn writer_fragment(&self) -> &str {
        &self.writer
    }

    /// The reader's schema at that place, as JSON; what lies deeper is abridged to its name.
    pub fn reader_fragment(&self) -> &str {
        &self.reader
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  writer: {}\n  reader: {}", self.error, self.writer, self.reader)
    }
}
