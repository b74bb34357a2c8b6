//! The port to the dead-letter queue.

use std::time::Duration;

use event_runtime::Failure;
use futures_util::future::BoxFuture;

/// One message, hidden from other readers until its receipt expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue's id of the message.
    pub id: String,
    /// Hides, shows and removes the message.
    pub receipt: String,
    /// Its body.
    pub body: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: Option<u64>,
}

/// A queue of letters.
pub trait LetterQueue: Send + Sync {
    /// Receives some visible messages and hides them for `hide`. An empty answer does not prove that the queue is empty:
    /// SQS keeps a queue on many servers, and one call may miss some of them.
    fn receive(&self, hide: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>>;

    /// Hides messages for `hide` from now; zero makes them visible again. Returns the receipts of messages that are gone,
    /// which is not an error: they were removed, passed the queue's retention, or were received by another reader since.
    ///
    /// # Errors
    /// When a message that this reader holds could not be hidden or shown. All others were tried all the same.
    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>>;

    /// Removes messages. A message that is gone counts as removed; one that another reader has received since may stay.
    ///
    /// # Errors
    /// When a message that this reader holds could not be removed. All others were tried all the same.
    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>>;
}

/// A call to the queue failed.
#[derive(Debug, Failure)]
#[failure(
    "the dead-letter queue did not {operation} ({code})",
    retry,
    code = "queue_unavailable",
    remedy = "Wait; check the queue and the rights of the role."
)]
pub struct QueueError {
    /// What the call should do, as a verb phrase: `remove a message`.
    pub operation: &'static str,
    /// SQS's own name of the error, or `no_answer`.
    pub code: String,
    /// The client's error.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}
