//! What a batch says of records that fail: the first in full, the others of their kind in one line that sums up.
//!
//! A table that is down fails every key of a batch in the same way. What is to be known of each record stands in its
//! letter, or in the answer to the event source; a line for each would only bury the one that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::failure::{Fault, Stage};

/// Parked records that have a line of their own, of each code and stage in a batch. As many as the guard against floods
/// lets a short partition park.
pub(crate) const DEAD_LETTERED_IN_FULL: usize = 10;

/// Other failures that have a line of their own, of each kind, code and stage in a batch: what they say is the same for
/// all of them.
pub(crate) const PENDING_IN_FULL: usize = 1;

/// The lines of one batch.
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
    /// The first and the last by partition and offset; an offset that cannot be read comes first.
    ends: Option<(Spot, Spot)>,
    /// The latest error that had no line of its own.
    error: String,
}

/// Where a record stands: the name of its partition, and its offset where it has one.
type Spot = (String, Option<i64>);

impl FailureLog {
    /// Notes one failure: in full, by `line`, if it is among the first `in_full` of its kind.
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

    /// Sums up what had more than its lines.
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
