//! Builds a report within the size of a Lambda answer.

use serde::Serialize;

use super::contents::{Counts, ForeignMessage, Omitted, Report};
use super::entry::Entry;
use super::outcome::RedriveOutcome;
use super::status::RunStatus;

/// The most bytes of JSON that a report's entries and foreign messages take together. Lambda limits an answer to 6 MB,
/// and fails an invocation with a larger one after all the work is done.
const MAX_BYTES: usize = 4 << 20;

/// Counts every entry and keeps those that fit.
#[derive(Debug, Default)]
pub(crate) struct ReportBuilder {
    counts: Counts,
    entries: Vec<Entry>,
    foreign: Vec<ForeignMessage>,
    omitted: Omitted,
    bytes: usize,
    remaining: bool,
    undecided: bool,
    waiting: bool,
}

impl ReportBuilder {
    pub(crate) fn add(&mut self, entry: Entry) {
        *self.counts.entry(entry.outcome.name()).or_default() += 1;
        self.remaining |= entry.outcome.is_failure() || matches!(entry.outcome, RedriveOutcome::Told { .. });
        self.undecided |= matches!(entry.outcome, RedriveOutcome::NeedsDecision { .. });
        self.waiting |= matches!(entry.outcome, RedriveOutcome::Waits { .. });
        // Half of the space is reserved for entries that need a person's attention.
        let limit = if entry.outcome.needs_attention() { MAX_BYTES } else { MAX_BYTES / 2 };
        if self.takes(&entry, limit) {
            return self.entries.push(entry);
        }
        let without_details = Entry { details: None, ..entry };
        if self.takes(&without_details, limit) {
            self.omitted.details += 1;
            self.entries.push(without_details);
        } else {
            self.omitted.entries += 1;
        }
    }

    pub(crate) fn add_foreign(&mut self, foreign: ForeignMessage) {
        if self.takes(&foreign, MAX_BYTES / 2) {
            self.foreign.push(foreign);
        } else {
            self.omitted.foreign += 1;
        }
    }

    /// Takes the space for a part of the report; false when it does not fit.
    fn takes(&mut self, part: &impl Serialize, limit: usize) -> bool {
        // A part that cannot be written as JSON cannot be in the answer either.
        let Ok(json) = serde_json::to_vec(part) else { return false };
        let after = self.bytes + json.len() + 1;
        let fits = after <= limit;
        if fits {
            self.bytes = after;
        }
        fits
    }

    /// The report; `ended_early` says why the run did not try all letters.
    pub(crate) fn build(self, dry_run: bool, ended_early: Option<RunStatus>) -> Report {
        let status = match ended_early {
            Some(ended_early) => ended_early,
            None if dry_run => RunStatus::Complete,
            None if self.remaining => RunStatus::Remaining,
            None if self.undecided => RunStatus::Undecided,
            None if self.waiting => RunStatus::Remaining,
            None => RunStatus::Complete,
        };
        let ReportBuilder { counts, entries, foreign, omitted, .. } = self;
        Report { status, dry_run, counts, entries, foreign, omitted, gone: 0, incomplete: None }
    }
}
