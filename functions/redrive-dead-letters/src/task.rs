//! One invocation: carries out its request and answers with the report.

use event_functions::redrive::{Entry, ForeignMessage, Progress, Redrive, Report, Request};
use event_functions::{Failed, Invocation, Task};

/// Carries out requests, each of which ends before its invocation does.
pub(crate) struct Redriving(Redrive);

impl Redriving {
    pub(crate) fn new(redrive: Redrive) -> Self {
        Redriving(redrive)
    }
}

impl Task for Redriving {
    type Input = Request;
    type Output = Report;

    async fn run(&self, request: Request, invocation: Invocation) -> Result<Report, Failed> {
        Ok(self.0.clone().until(invocation.deadline).run(&request, &LogLines).await?)
    }
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
