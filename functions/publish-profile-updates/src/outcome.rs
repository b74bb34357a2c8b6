//! The end of a run: its summary, or its failure.

use std::time::Duration;

use event_functions::{Failure, StoreError};
use kafka_producer::PublishError;
use serde::Serialize;

use crate::api::ApiError;
use crate::cursor::CursorError;
use crate::event::BadEvent;
use crate::profile::BadItem;

/// What a run did: the function's answer, and a line of its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Pages that are finished.
    pub(crate) pages: u64,
    /// Events that Kafka acknowledged.
    pub(crate) published: u64,
    /// Items that became dead letters.
    #[serde(rename = "parked")]
    pub(crate) dead_lettered: u64,
    /// Why it ended.
    pub(crate) ended: End,
    /// Until when nothing will happen, in milliseconds since 1970: the end of another run's lease, or the time that the API asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until_ms: Option<u64>,
}

/// Why a run ended without an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
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
#[derive(Debug, Failure)]
pub(crate) enum RunError {
    /// The API gave no page.
    #[failure(transparent)]
    Api(#[from] ApiError),
    /// The lease cannot be taken.
    #[failure(transparent)]
    Cursor(#[from] CursorError),
    /// The table or the queue failed. Their codes are not this function's own.
    #[failure(transparent, codes = &[])]
    Store(#[from] StoreError),
    /// The schema, the encoding or Kafka failed. Their codes are not this function's own.
    #[failure(transparent, codes = &[])]
    Publish(#[from] PublishError),
    /// A redriven item still cannot be published.
    #[failure(transparent)]
    Item(#[from] BadItem),
    /// The event is a redrive, but not of an item of this function.
    #[failure(transparent)]
    Event(#[from] BadEvent),
    /// A page may take longer than the function's timeout: see Variables.
    #[failure(
        "publishing may take {0:?}, and the invocation has less time than that: raise the function's timeout",
        retry,
        code = "timeout_too_short",
        remedy = "Raise the function's timeout."
    )]
    TimeoutTooShort(Duration),
}
