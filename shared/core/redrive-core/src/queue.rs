//! The queue, as a run needs it.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// One message, hidden from others until its receipt runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue's own id of it.
    pub id: String,
    /// What hides, shows and removes it.
    pub receipt: String,
    /// Its body.
    pub body: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: Option<u64>,
}

/// A queue of letters.
pub trait LetterQueue: Send + Sync {
    /// Some messages that nobody else has, hidden for `hide`. Empty when none was found at this moment: a queue of many
    /// parts may still hold some.
    fn receive(&self, hide: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>>;

    /// Hides messages for `hide` from now; zero shows them again. Gives the receipts of those that are gone, which is no
    /// error: removed, past the queue's retention, or received by somebody else since.
    ///
    /// # Errors
    /// When a message that is ours could not be hidden or shown. All others were tried all the same.
    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>>;

    /// Removes messages. One that is gone is removed; one that somebody else has received since may stay, and is theirs.
    ///
    /// # Errors
    /// When a message that is ours could not be removed. All others were tried all the same.
    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>>;
}

/// The queue did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("the dead-letter queue did not {operation} ({code})")]
pub struct QueueError {
    /// What was asked.
    pub operation: &'static str,
    /// SQS's own name of the error, or `no_answer`.
    pub code: String,
    /// What the client saw.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}
