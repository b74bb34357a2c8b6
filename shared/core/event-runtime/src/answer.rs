//! The invocation's answer to the event source mapping or to a redrive.

use kafka_events::{BatchResponse, ScanError};
use serde::Serialize;

use crate::outcome::{BatchReport, Outcome};
use crate::safeguards::{Safeguard, is_enabled};

/// How records that are still pending are reported to the event source mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reporting {
    /// Fail the invocation: the mapping delivers the whole batch again. Right for every mapping.
    #[default]
    WholeBatch,
    /// Answer with `batchItemFailures`. Use it only with `ReportBatchItemFailures` in the mapping: without that setting
    /// AWS ignores the answer, commits the batch, and every record in the answer is lost.
    PartialBatch,
}

/// What an invocation answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To the event source mapping.
    Batch(BatchResponse),
    /// To a redrive whose record is finished.
    Redriven(Finished),
}

/// The record of a letter is finished: `{"finished": "<the letter, as the mark names it>"}`.
///
/// Only this answer lets a redrive delete the letter. "Nothing is unfinished" would not be enough: a function that was
/// invoked by mistake answers something like that too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// The letter, as the mark names it.
    pub finished: String,
}

/// Why an invocation failed, as the event source mapping and the console show it.
#[derive(Debug, thiserror::Error)]
pub enum BatchFailed {
    /// Records are still pending; the mapping must deliver the batch again.
    #[error("{pending} of {records} records are not finished ({reasons}); the batch must be delivered again")]
    Unfinished {
        /// Records still pending.
        pending: usize,
        /// Records in the batch.
        records: usize,
        /// Their reasons with counts.
        reasons: String,
    },
    /// The event is not the JSON of a Kafka event source mapping.
    #[error("the event cannot be read: {0}")]
    Unreadable(#[from] ScanError),
}

impl BatchReport {
    /// The invocation's result. A redrive gets the letter's name, or a failure that names the reason: `reporting` does
    /// not matter for it.
    ///
    /// # Errors
    /// [`BatchFailed::Unfinished`] where records are pending and the answer cannot or must not list them.
    pub fn answer(self, reporting: Reporting) -> Result<Answer, BatchFailed> {
        let pending = self.unfinished_records();
        if let Some(letter) = &self.redriven {
            return match pending {
                0 => Ok(Answer::Redriven(Finished { finished: letter.clone() })),
                _ => Err(self.failed(pending)),
            };
        }
        // A record without a readable offset cannot be listed in the answer.
        let partial = reporting == Reporting::PartialBatch || !is_enabled(Safeguard::WholeBatchByDefault);
        let nameable = partial && self.unfinished_without_offset == 0;
        if pending == 0 || nameable {
            return Ok(Answer::Batch(self.unfinished));
        }
        Err(self.failed(pending))
    }

    fn failed(&self, pending: usize) -> BatchFailed {
        let reasons = self.outcomes.iter().filter_map(|(outcome, count)| match outcome {
            Outcome::Unfinished(code) => Some(format!("{code}: {count}")),
            Outcome::Done | Outcome::Duplicate | Outcome::Skipped(_) | Outcome::DeadLettered(_) => None,
        });
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        BatchFailed::Unfinished { pending, records: self.records(), reasons }
    }
}
