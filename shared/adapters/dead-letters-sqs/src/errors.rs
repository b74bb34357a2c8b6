//! What a failed store means. None of it says anything about the record: it stays pending and is tried again.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use event_runtime::StoreError;

const STORE: &str = "the dead-letter queue";
const BUCKET: &str = "the dead-letter bucket";
const OPERATION: &str = "store a letter";

/// The code of a letter with which SQS found fault.
pub(crate) const REFUSED: &str = "dead_letter_refused";

pub(crate) fn failed(code: &'static str, cause: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError { store: STORE, operation: OPERATION, code, retry_after: None, cause: Box::new(cause) }
}

pub(crate) fn bucket_failed(code: Option<&str>, cause: impl Error + Send + Sync + 'static) -> StoreError {
    let code = match code {
        Some("NoSuchBucket" | "PermanentRedirect") => "dead_letter_bucket_missing",
        Some(code) if is_denied(code) => "dead_letter_bucket_denied",
        Some("SlowDown" | "RequestLimitExceeded" | "Throttling") => "dead_letter_bucket_throttled",
        Some(_) | None => "dead_letter_bucket_unavailable",
    };
    StoreError { store: BUCKET, operation: OPERATION, code, retry_after: None, cause: Box::new(cause) }
}

/// The bounded name of an error of SQS, of a call or of one entry.
pub(crate) fn code_of(code: Option<&str>) -> &'static str {
    match code {
        Some(code) if code.contains("Thrott") => "dead_letters_throttled",
        Some(code) if is_denied(code) => "dead_letters_denied",
        Some(code) if code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist") => {
            "dead_letters_queue_missing"
        }
        Some(code) if is_refusal(code) => REFUSED,
        Some(_) | None => "dead_letters_unavailable",
    }
}

/// SQS found fault with the message. A queue with a smaller `MaximumMessageSize` says so in this way.
pub(crate) fn is_refusal(code: &str) -> bool {
    ["InvalidParameterValue", "InvalidMessageContents", "BatchRequestTooLong"].iter().any(|name| code.contains(name))
}

fn is_denied(code: &str) -> bool {
    code.contains("AccessDenied") || code.contains("InvalidAccessKeyId") || code.contains("ExpiredToken")
}

/// One failed call, told to each letter that was in it.
#[derive(Debug, Clone)]
pub(crate) struct CallFailed(pub(crate) Arc<dyn Error + Send + Sync>);

impl fmt::Display for CallFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for CallFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// SQS refused one message of a batch.
#[derive(Debug, thiserror::Error)]
#[error("SQS refused the message as {code}: {message}")]
pub(crate) struct EntryRefused {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// SQS said nothing of one message of a batch.
#[derive(Debug, thiserror::Error)]
#[error("SQS answered without a word on this message")]
pub(crate) struct EntryForgotten;

/// SQS found fault with a letter that is within its limits, and there is no bucket to put it into.
#[derive(Debug, thiserror::Error)]
#[error(
    "SQS refused a letter of {bytes} bytes, though a message may have {max}; if the queue's MaximumMessageSize is smaller, raise it, or set DEAD_LETTER_BUCKET to a bucket that takes what the queue refuses"
)]
pub(crate) struct RefusedWithoutBucket {
    pub(crate) bytes: usize,
    pub(crate) max: usize,
    #[source]
    pub(crate) cause: Box<dyn Error + Send + Sync>,
}

/// Too large for the queue, and no bucket to put it into.
#[derive(Debug, thiserror::Error)]
#[error("the letter has {bytes} bytes, SQS takes {max}; set DEAD_LETTER_BUCKET to a bucket that takes larger ones")]
pub(crate) struct TooLarge {
    pub(crate) bytes: usize,
    pub(crate) max: usize,
}
