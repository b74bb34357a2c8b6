//! Answers an invocation: a scheduled run, or one dead-lettered item that comes back.

use event_functions::{Failed, Invocation, Task};
use kafka_producer::TraceParent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Event, RedrivenItem};
use crate::outcome::{RunError, Summary};
use crate::publisher::ProfilePublisher;
use crate::redriven::Finished;

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// To a schedule.
    Run(Summary),
    /// To a redrive.
    Redriven(Finished),
}

impl Task for ProfilePublisher {
    type Input = Box<RawValue>;
    type Output = Answer;

    async fn run(&self, event: Box<RawValue>, invocation: Invocation) -> Result<Answer, Failed> {
        Ok(match Event::read(&event)? {
            Event::Schedule => Answer::Run(self.answer_schedule(&invocation).await?),
            Event::Redriven(redriven) => Answer::Redriven(self.answer_redrive(&redriven, &invocation).await?),
        })
    }
}

impl ProfilePublisher {
    async fn answer_schedule(&self, invocation: &Invocation) -> Result<Summary, RunError> {
        let summary = self.run_scheduled(invocation, trace()).await?;
        tracing::info!(
            pages = summary.pages, published = summary.published, parked = summary.dead_lettered,
            ended = ?summary.ended
        );
        Ok(summary)
    }

    async fn answer_redrive(&self, redriven: &RedrivenItem, invocation: &Invocation) -> Result<Finished, RunError> {
        let finished = self.publish_redriven(redriven, invocation, trace()).await?;
        let (letter_id, attempt) = (&finished.finished, redriven.redrive.attempt);
        tracing::info!(letter_id, attempt, "a dead-lettered item was published");
        Ok(finished)
    }
}

/// Lambda sets this variable to the trace of each invocation.
fn trace() -> TraceParent {
    let xray = std::env::var("_X_AMZN_TRACE_ID").ok();
    xray.as_deref().and_then(TraceParent::from_xray).unwrap_or_else(TraceParent::begin)
}
