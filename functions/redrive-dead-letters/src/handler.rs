//! Handles one invocation: carries out its request and answers with the report.

use event_runtime::Invocation;
use redrive_core::{Entry, ForeignMessage, Progress, Redrive, RedriveError, Report, Request};

/// Carries out `request`, and ends before the invocation does.
///
/// # Errors
/// As [`Redrive::run`].
pub async fn handle(redrive: Redrive, request: Request, invocation: Invocation) -> Result<Report, RedriveError> {
    redrive.until(invocation.deadline).run(&request, &LogLines).await
}

/// Logs one line for each letter.
struct LogLines;

impl Progress for LogLines {
    fn collected(&self, messages: usize) {
        tracing::debug!(messages, "collected");
    }

    fn settled(&self, number: usize, total: usize, entry: &Entry) {
        let Entry { id, function, topic, partition, offset, code, outcome, .. } = entry;
        tracing::info!(
            number,
            total,
            letter = id,
            function,
            topic,
            partition,
            offset,
            error_code = code,
            fate = outcome.name(),
            "letter"
        );
    }

    fn foreign(&self, foreign: &ForeignMessage) {
        tracing::warn!(message = foreign.message_id, reason = foreign.reason, "neither a letter nor a document");
    }
}
