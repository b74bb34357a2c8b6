//! Limits the log lines of a batch: the first failures of each kind are logged in full, the others in one summary line.
//!
//! A table that is down fails every key of a batch in the same way. The facts about each record are in its letter, or
//! in the answer to the event source; a line for each record would only hide the one that names the cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::failure::{Fault, Stage};

/// How many dead-lettered records of each code and stage have a line of their own in a batch: as many as the flood
/// guard allows a short partition.
pub(crate) const DEAD_LETTERED_IN_FULL: usize = 10;

/// How many other failures of each kind, code and stage have a line of their own in a batch: further lines would say
/// the same.
pub(crate) const PENDING_IN_FULL: usize = 1;

/// The failures of one batch, counted by kind.
#[derive(Debug, Default)]
pub(crate) struct FailureLog(Mutex<BTreeMap<Kind, Tally>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    what: &'static str,
    stage: Stage,
    code: &'static str,
}

#[derive(Debug, Default)]
struct Tally {
    records: usize,
    in_full: usize,
    partitions: BTreeSet<String>,
    /// The first and the last by partition and offset; an unreadable offset sorts first.
    ends: Option<(Spot, Spot)>,
    /// The latest error without a line of its own.
    error: String,
}

/// A record's place: the name of its topic-partition, and its offset if it has one.
type Spot = (String, Option<i64>);

impl FailureLog {
    /// Counts one failure, and logs it by `line` if it is among the first `in_full` of its kind.
    pub(crate) fn note(
        &self,
        what: &'static str,
        fault: &Fault,
        (partition, offset): (&str, Option<i64>),
        in_full: usize,
        line: impl FnOnce(),
    ) {
        let spot = (partition.to_owned(), offset);
        let has_a_line = {
            let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let tally = kinds.entry(Kind { what, stage: fault.stage, code: fault.code }).or_default();
            tally.records += 1;
            tally.in_full = in_full;
            let (first, last) = tally.ends.get_or_insert_with(|| (spot.clone(), spot.clone()));
            if spot < *first {
                *first = spot;
            } else if spot > *last {
                *last = spot;
            }
            if !tally.partitions.contains(partition) {
                tally.partitions.insert(partition.to_owned());
            }
            let has_a_line = tally.records <= in_full;
            if !has_a_line {
                tally.error = fault.to_string();
            }
            has_a_line
        };
        if has_a_line {
            line();
        }
    }

    /// Logs a summary of each kind that had more failures than lines.
    pub(crate) fn summarize(self) {
        let kinds = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (Kind { what, stage, code }, tally) in kinds {
            if tally.records <= tally.in_full {
                continue;
            }
            tracing::warn!(
                records = tally.records,
                partitions = tally.partitions.len(),
                first = tally.ends.as_ref().map(|(first, _)| place_text(first)),
                last = tally.ends.as_ref().map(|(_, last)| place_text(last)),
                error_code = code,
                stage = stage.as_str(),
                error = tally.error,
                "in all: {what}"
            );
        }
    }
}

fn place_text((partition, offset): &Spot) -> String {
    match offset {
        Some(offset) => format!("{partition}@{offset}"),
        None => partition.clone(),
    }
}
