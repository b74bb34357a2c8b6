//! One run: under a lease, page after page, and the cursor moves only after everything before it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::{Clock, DeadLetters, Disposition, Failure, Fault, Invocation, StoreError, SystemClock};
use kafka_producer::{Delivered, DeliveryProblem, EventSource, PublishError, Publisher, TraceParent};
use serde::Serialize;
use topic_names::TopicName;

use crate::accounting::{PageEnd, Run};
use crate::api::{ApiError, Fetched, ProfileApi};
use crate::cursor::{Cursors, Taken};
use crate::event::BadEvent;
use crate::profile::{BadItem, UserProfileUpdated};

/// What a page needs beside asking and sending: dead letters, three writes to the table, and some air.
pub const RESERVE: Duration = Duration::from_secs(3);

/// Everything that a run needs.
pub struct ProfilePublisher {
    /// The lease and the cursor.
    pub cursors: Cursors,
    /// Where changes come from.
    pub api: ProfileApi,
    /// Where events go.
    pub events: Publisher<UserProfileUpdated>,
    /// Where items go that cannot become events.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The events' topic.
    pub topic: TopicName,
    /// The events' source, part of their ids.
    pub source: EventSource,
    /// The most that sending a page may take.
    pub send_timeout: Duration,
}

/// What a run did: the function's answer, and a line of its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Pages whose cursor was left behind.
    pub pages: u64,
    /// Events that Kafka acknowledged.
    pub published: u64,
    /// Items that became dead letters.
    pub parked: u64,
    /// Why it ended.
    pub ended: End,
    /// Until when nothing will happen, in milliseconds since 1970: another run's lease, or the API's wish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Why a run ended without an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// There is nothing more for now.
    #[default]
    CaughtUp,
    /// The invocation's time is nearly over; the next run goes on.
    OutOfTime,
    /// Another run is at work.
    AnotherRun,
    /// The API asked to be left alone for a while; runs before that do nothing.
    AskedToWait,
    /// Another run took over, since this one was too slow. What it had sent is sent again, under the same ids.
    LeaseLost,
}

/// Why a run failed. The next one begins where this one began its last page.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The table or the queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Schema, encoding or Kafka.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// An item that comes back still cannot be published.
    #[error(transparent)]
    Item(#[from] BadItem),
    /// A redrive of something else.
    #[error(transparent)]
    Event(#[from] BadEvent),
    /// Nothing would ever be begun.
    #[error("publishing may take {0:?}, and the invocation has not that much time: raise the function's timeout")]
    TimeoutTooShort(Duration),
}

impl Failure for RunError {
    fn disposition(&self) -> Disposition {
        match self {
            RunError::Api(error) => error.disposition(),
            RunError::Store(error) => error.disposition(),
            RunError::Publish(error) => error.disposition(),
            RunError::Item(_) => Disposition::DeadLetter,
            RunError::Event(error) => error.disposition(),
            RunError::TimeoutTooShort(_) => Disposition::Retry { after: None },
        }
    }

    fn code(&self) -> &'static str {
        match self {
            RunError::Api(error) => error.code(),
            RunError::Store(error) => error.code(),
            RunError::Publish(error) => error.code(),
            RunError::Item(bad) => bad.code(),
            RunError::Event(error) => error.code(),
            RunError::TimeoutTooShort(_) => "timeout_too_short",
        }
    }
}

impl ProfilePublisher {
    /// Publishes until there is nothing more or the time is over.
    ///
    /// # Errors
    /// When API, table, queue or Kafka fail. Nothing is lost: the cursor stands before whatever was not acknowledged.
    pub async fn run(&self, invocation: &Invocation, trace: TraceParent) -> Result<Summary, RunError> {
        if !invocation.deadline.allows(self.page_takes()) {
            return Err(RunError::TimeoutTooShort(self.page_takes()));
        }
        let (hold, position, not_before) = match self.cursors.take().await? {
            Taken::Ours { hold, position, not_before } => (hold, position, not_before),
            Taken::Held { until } => {
                return Ok(Summary { ended: End::AnotherRun, until_ms: Some(until.0), ..Summary::default() });
            }
        };
        if let Some(time) = not_before.filter(|time| *time > SystemClock.now()) {
            self.cursors.release(hold, Some(time)).await?;
            return Ok(Summary { ended: End::AskedToWait, until_ms: Some(time.0), ..Summary::default() });
        }
        let mut run = Run::new(self, invocation, trace, hold, position);
        let ended = loop {
            if !invocation.deadline.allows(self.page_takes()) {
                break Ok(End::OutOfTime);
            }
            let page = match self.api.page(&run.position, invocation.deadline).await {
                Ok(Fetched::Page(page)) => page,
                Ok(Fetched::NotModified) => break Ok(End::CaughtUp),
                Ok(Fetched::Wait(wait)) => {
                    let time = SystemClock.now().plus(wait);
                    self.cursors.release(run.hold, Some(time)).await?;
                    return Ok(Summary { ended: End::AskedToWait, until_ms: Some(time.0), ..run.summary });
                }
                Err(error) => break Err(error.into()),
            };
            match run.account_for(&page).await {
                Ok(PageEnd::More) => {}
                Ok(PageEnd::Last(end)) => break Ok(end),
                Err(error) => break Err(error),
            }
        };
        // A lease that stays runs out by itself: the run's own result is what counts.
        if let Err(error) = self.cursors.release(run.hold, None).await {
            let fault = Fault::from(error);
            tracing::warn!(error_code = fault.code, "the lease was not released: {fault}");
        }
        Ok(Summary { ended: ended?, ..run.summary })
    }

    /// The most that one page may take.
    fn page_takes(&self) -> Duration {
        self.api.settings().page_timeout() + self.send_timeout + RESERVE
    }

    /// Whether there is time for sending once.
    pub(crate) fn may_send(&self, invocation: &Invocation) -> bool {
        invocation.deadline.allows(self.send_timeout + RESERVE)
    }
}

/// Whether Kafka refused the credentials. They may have been rotated since this process signed in; sending again signs
/// in with what they are now. What was written the first time is there twice then, under equal ids.
pub(crate) fn refused(answers: &[Result<Delivered, PublishError>]) -> bool {
    answers.iter().any(
        |answer| matches!(answer, Err(PublishError::Delivery(error)) if error.problem() == DeliveryProblem::Denied),
    )
}
