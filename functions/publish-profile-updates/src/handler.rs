//! Answers an invocation: a scheduled run, or one dead-lettered item that comes back.

use event_runtime::Invocation;
use kafka_producer::TraceParent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::Event;
use crate::outcome::{RunError, Summary};
use crate::publisher::ProfilePublisher;
use crate::redriven::Finished;

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a schedule.
    Run(Summary),
    /// To a redrive.
    Redriven(Finished),
}

impl ProfilePublisher {
    /// Does what the event is for.
    ///
    /// # Errors
    /// As [`run`](Self::run) and [`publish_redriven`](Self::publish_redriven), and when the event is a redrive of
    /// another function's letter.
    pub async fn answer(
        &self,
        event: &RawValue,
        invocation: &Invocation,
        trace: TraceParent,
    ) -> Result<Answer, RunError> {
        match Event::read(event)? {
            Event::Schedule => {
                let summary = self.run(invocation, trace).await?;
                tracing::info!(
                    pages = summary.pages, published = summary.published, parked = summary.dead_lettered,
                    ended = ?summary.ended
                );
                Ok(Answer::Run(summary))
            }
            Event::Redriven(redriven) => {
                let finished = self.publish_redriven(&redriven, invocation, trace).await?;
                tracing::info!(
                    letter_id = finished.finished,
                    attempt = redriven.redrive.attempt,
                    "a dead-lettered item was published"
                );
                Ok(Answer::Redriven(finished))
            }
        }
    }
}
