//! The [`DeadLetters`] port on Amazon SQS: one message per letter, its body the letter's JSON.
//!
//! What an operator filters by in the console is repeated in message attributes: `letter_id`, `error_code`, `stage`,
//! `function`, `topic`. A letter stored twice (an answer that was lost) shows twice under one `letter_id`.
//!
//! SQS takes messages of up to 1 MiB; a larger letter is refused as `dead_letter_too_large` and its record stays owed.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;
use event_runtime::{DeadLetter, DeadLetters, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

const STORE: &str = "the dead-letter queue";
const OPERATION: &str = "store a letter";
/// 1 MiB for body and attributes together; the attributes stay far below the 4 KiB kept for them.
const MAX_BODY_BYTES: usize = 1_048_576 - 4_096;

/// [`DeadLetters`] in an SQS queue.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    queue_url: String,
}

impl SqsDeadLetters {
    /// Letters to the queue at `queue_url`.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        SqsDeadLetters { client, queue_url: queue_url.into() }
    }

    async fn send(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let body = serde_json::to_string(letter).map_err(|error| failed("dead_letter_unwritable", error))?;
        if body.len() > MAX_BODY_BYTES {
            return Err(failed("dead_letter_too_large", TooLarge { bytes: body.len() }));
        }
        let mut message = self.client.send_message().queue_url(&self.queue_url).message_body(body);
        for (name, value) in [
            ("letter_id", letter.id.as_str()),
            ("error_code", &letter.error.code),
            ("stage", &letter.error.stage),
            ("function", &letter.given_up_by.function),
            ("topic", &letter.place.topic),
        ] {
            if let Some(attribute) = attribute(value) {
                message = message.message_attributes(name, attribute);
            }
        }
        match message.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(code_of(&error), error)),
        }
    }
}

impl DeadLetters for SqsDeadLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        self.send(letter).boxed()
    }
}

/// SQS refuses empty attribute values.
fn attribute(value: &str) -> Option<MessageAttributeValue> {
    if value.is_empty() {
        return None;
    }
    MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
}

fn code_of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &'static str {
    match error.code() {
        Some(code) if code.contains("Thrott") => "dead_letters_throttled",
        Some(code) if code.contains("AccessDenied") => "dead_letters_denied",
        Some(code) if code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist") => {
            "dead_letters_queue_missing"
        }
        _ => "dead_letters_unavailable",
    }
}

fn failed(code: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError { store: STORE, operation: OPERATION, code, retry_after: None::<Duration>, cause: Box::new(cause) }
}

#[derive(Debug, thiserror::Error)]
#[error("the letter has {bytes} bytes, SQS takes {MAX_BODY_BYTES}")]
struct TooLarge {
    bytes: usize,
}
