//! Errors of elements of a topic-partition that are not records.

use crate::cursor::{Fault, FaultKind};

/// Why an element of a topic-partition is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {at} of the event")]
pub struct RecordError {
    fault: RecordFault,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordFault {
    #[error("the value of a topic-partition is not an array of records")]
    TopicPartition,
    #[error("the record is not a JSON object")]
    NoObject,
    #[error("the record's JSON is broken: expected {0}")]
    Json(&'static str),
    #[error("the record has no `{0}`")]
    Missing(&'static str),
    #[error("the record has `{0}` twice")]
    Twice(&'static str),
    #[error("the record's `{0}` has an unexpected type or is out of range")]
    Type(&'static str),
    #[error(
        "more elements than an event of this size can hold as records: the rest of the topic-partition is one malformed element"
    )]
    Crowded,
}

impl RecordError {
    pub(crate) fn new(fault: RecordFault, at: usize) -> Self {
        Self { fault, at }
    }

    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self.fault {
            RecordFault::TopicPartition => "lane_malformed",
            RecordFault::NoObject => "record_not_an_object",
            RecordFault::Json(_) => "record_json_broken",
            RecordFault::Missing(_) => "record_field_missing",
            RecordFault::Twice(_) => "record_field_twice",
            RecordFault::Type(_) => "record_field_type",
            RecordFault::Crowded => "lane_crowded",
        }
    }

    /// Where in the event the fault is, in bytes from its start.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl From<Fault> for RecordFault {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Truncated => RecordFault::Json("more"),
            FaultKind::Expected(what) => RecordFault::Json(what),
        }
    }
}
