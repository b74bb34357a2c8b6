//! Errors of the queue and the bucket. None of them is about the record: it stays pending and is tried again.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use event_runtime::StoreError;

const STORE: &str = "the dead-letter queue";
const BUCKET: &str = "the dead-letter bucket";
const OPERATION: &str = "store a letter";

/// The code of a letter that SQS refused.
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

/// The error code for an error of SQS, of a call or of one entry.
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

/// Whether SQS refused the message itself, as a queue with a smaller `MaximumMessageSize` does.
pub(crate) fn is_refusal(code: &str) -> bool {
    ["InvalidParameterValue", "InvalidMessageContents", "BatchRequestTooLong"].iter().any(|name| code.contains(name))
}

fn is_denied(code: &str) -> bool {
    code.contains("AccessDenied") || code.contains("InvalidAccessKeyId") || code.contains("ExpiredToken")
}

/// A failed call, shared by all letters that were in it.
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

/// SQS's answer to a batch does not contain one of the messages.
#[derive(Debug, thiserror::Error)]
#[error("SQS's answer does not contain a result for this message; it is sent again")]
pub(crate) struct ResultMissing;

/// SQS refused a letter that is within its limits, and no bucket is configured.
#[derive(Debug, thiserror::Error)]
#[error(
    "SQS refused a letter of {bytes} bytes, although a message may have {max}; raise the queue's MaximumMessageSize if it is smaller, or set DEAD_LETTER_BUCKET to a bucket for letters that the queue refuses"
)]
pub(crate) struct RefusedWithoutBucket {
    pub(crate) bytes: usize,
    pub(crate) max: usize,
    #[source]
    pub(crate) cause: Box<dyn Error + Send + Sync>,
}

/// The letter is too large for the queue, and no bucket is configured.
#[derive(Debug, thiserror::Error)]
#[error(
    "the letter has {bytes} bytes and a message of SQS at most {max}; set DEAD_LETTER_BUCKET to a bucket for larger letters"
)]
pub(crate) struct TooLarge {
    pub(crate) bytes: usize,
    pub(crate) max: usize,
}
