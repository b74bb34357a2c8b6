//! The end of a run: its summary, or its failure.

use std::time::Duration;

use event_runtime::{Disposition, Failure, StoreError};
use kafka_producer::PublishError;
use serde::Serialize;

use crate::api::ApiError;
use crate::event::BadEvent;
use crate::profile::BadItem;

/// What a run did: the function's answer, and a line of its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Pages that are finished.
    pub pages: u64,
    /// Events that Kafka acknowledged.
    pub published: u64,
    /// Items that became dead letters.
    #[serde(rename = "parked")]
    pub dead_lettered: u64,
    /// Why it ended.
    pub ended: End,
    /// Until when nothing will happen, in milliseconds since 1970: the end of another run's lease, or the time that the API asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Why a run ended without an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The end of the feed is reached.
    #[default]
    CaughtUp,
    /// The invocation's time is nearly over; the next run goes on.
    OutOfTime,
    /// Another run has the lease.
    AnotherRun,
    /// The API asked to wait; runs before that time do nothing.
    AskedToWait,
    /// This run was so slow that another one took over. What this one had sent is sent again, under the same ids.
    LeaseLost,
}

/// Why an invocation failed. The next run continues with the first item that is not finished.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The API gave no page.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The table or the queue failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schema, the encoding or Kafka failed.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A redriven item still cannot be published.
    #[error(transparent)]
    Item(#[from] BadItem),
    /// The event is a redrive, but not of an item of this function.
    #[error(transparent)]
    Event(#[from] BadEvent),
    /// No page would ever be begun.
    #[error("publishing may take {0:?}, and the invocation has less time than that: raise the function's timeout")]
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
