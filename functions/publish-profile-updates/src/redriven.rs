//! Publishes one dead-lettered item that a redrive brings back.

use event_functions::{Clock, Invocation, SystemClock};
use kafka_producer::TraceParent;
use serde::Serialize;

use crate::event::RedrivenItem;
use crate::outcome::RunError;
use crate::page_time::RESERVE;
use crate::profile::UserProfileUpdated;
use crate::publisher::{ProfilePublisher, credentials_refused};

/// The answer to a redrive: the item of a letter is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finished {
    /// The letter's id, as the mark has it. Only this answer lets the letter leave its queue.
    pub(crate) finished: String,
}

impl ProfilePublisher {
    /// Publishes a dead-lettered item: validated as any other, under the id that it would have had. It neither needs the
    /// feed's lease nor moves its cursor. The event may come after newer ones of its user: consumers compare `revision`.
    ///
    /// # Errors
    /// When the item still cannot be published or Kafka does not acknowledge it. No second letter is stored.
    pub(crate) async fn publish_redriven(
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
        if credentials_refused(&answers) && self.may_send(invocation) {
            answers = self.events.publish(&events, trace).await?;
        }
        for answer in answers {
            answer?;
        }
        Ok(Finished { finished: redriven.redrive.letter_id.clone() })
    }
}
