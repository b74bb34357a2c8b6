//! What comes of an invocation: a run, or one parked item published after all.

use event_runtime::{Clock, Invocation, SystemClock};
use kafka_producer::TraceParent;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Event, RedrivenItem};
use crate::profile::UserProfileUpdated;
use crate::run::{ProfilePublisher, RESERVE, RunError, Summary, refused};

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a schedule.
    Run(Summary),
    /// To a redrive.
    Redriven(Finished),
}

/// The item of a letter is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// The letter, as the mark names it. Nothing else lets the letter leave its queue.
    pub finished: String,
}

impl ProfilePublisher {
    /// Does what the event asks for.
    ///
    /// # Errors
    /// As [`run`](Self::run) and [`publish_redriven`](Self::publish_redriven), and when the event is a redrive of
    /// something else.
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
                    pages = summary.pages, published = summary.published, parked = summary.parked,
                    ended = ?summary.ended
                );
                Ok(Answer::Run(summary))
            }
            Event::Redriven(redriven) => {
                let finished = self.publish_redriven(&redriven, invocation, trace).await?;
                tracing::info!(
                    letter_id = finished.finished,
                    attempt = redriven.redrive.attempt,
                    "a parked item was published"
                );
                Ok(Answer::Redriven(finished))
            }
        }
    }

    /// Publishes a parked item: validated as any other, under the id that it would have had. The feed's lease and cursor
    /// have no part in it; consumers tell by `revision` that newer changes of the user came before.
    ///
    /// # Errors
    /// When the item still cannot be published or Kafka does not acknowledge it. Nothing is parked: its letter is there.
    pub async fn publish_redriven(
        &self,
        redriven: &RedrivenItem,
        invocation: &Invocation,
        trace: TraceParent,
    ) -> Result<Finished, RunError> {
        if !self.may_send(invocation) {
            return Err(RunError::TimeoutTooShort(self.send_timeout + RESERVE));
        }
        let event = UserProfileUpdated::of(&redriven.item, &self.source, SystemClock.now())?;
        let events = [event];
        let mut answers = self.events.publish(&events, trace).await?;
        if refused(&answers) && self.may_send(invocation) {
            answers = self.events.publish(&events, trace).await?;
        }
        for answer in answers {
            answer?;
        }
        Ok(Finished { finished: redriven.redrive.letter_id.clone() })
    }
}
