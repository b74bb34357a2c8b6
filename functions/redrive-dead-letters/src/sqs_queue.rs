//! Implements [`LetterQueue`] with Amazon SQS.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName,
};
use event_functions::redrive::{LetterQueue, Message, QueueError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// SQS takes at most ten messages per call.
const AT_A_TIME: usize = 10;
/// Long polling asks all servers of the queue; short polling may miss some.
const WAIT_SECONDS: i32 = 1;

/// A queue of letters in SQS.
#[derive(Debug, Clone)]
pub struct SqsLetterQueue {
    client: Client,
    url: String,
}

impl SqsLetterQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        SqsLetterQueue { client, url: url.into() }
    }

    async fn receive(&self, hide: Duration) -> Result<Vec<Message>, QueueError> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(WAIT_SECONDS)
            .visibility_timeout(seconds(hide))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let output = request.send().await.map_err(|error| failed("return its messages", error))?;
        let messages = output.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let sent = message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
            Some(Message {
                sent_ms: sent.and_then(|sent| sent.parse().ok()),
                id: message.message_id?,
                receipt: message.receipt_handle?,
                body: message.body?,
            })
        });
        Ok(messages.collect())
    }

    /// Tries every chunk, also after an error in an earlier one, and returns the first error.
    async fn hide(&self, receipts: &[String], hide: Duration) -> Result<Vec<String>, QueueError> {
        let (mut gone, mut first_error) = (Vec::new(), None);
        for receipts in receipts.chunks(AT_A_TIME) {
            match self.hide_chunk(receipts, hide).await {
                Ok(more) => gone.extend(more),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        first_error.map_or(Ok(gone), Err)
    }

    async fn hide_chunk(&self, receipts: &[String], hide: Duration) -> Result<Vec<String>, QueueError> {
        const OPERATION: &str = "change how long messages are hidden";
        let entries = receipts.iter().enumerate().map(|(number, receipt)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
            entry.receipt_handle(receipt).visibility_timeout(seconds(hide)).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(OPERATION, error))?;
        let call = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
        let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
        gone_receipts(OPERATION, receipts, output.failed())
    }

    async fn remove(&self, receipts: &[String]) -> Result<(), QueueError> {
        let mut first_error = None;
        for receipts in receipts.chunks(AT_A_TIME) {
            if let Err(error) = self.remove_chunk(receipts).await {
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn remove_chunk(&self, receipts: &[String]) -> Result<(), QueueError> {
        const OPERATION: &str = "remove a message";
        let entries = receipts.iter().enumerate().map(|(number, receipt)| {
            DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(receipt).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(OPERATION, error))?;
        let call = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
        gone_receipts(OPERATION, receipts, output.failed()).map(drop)
    }
}

impl LetterQueue for SqsLetterQueue {
    fn receive(&self, hide: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        self.receive(hide).boxed()
    }

    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>> {
        self.hide(receipts, hide).boxed()
    }

    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.remove(receipts).boxed()
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn failed<E>(operation: &'static str, error: SdkError<E>) -> QueueError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().unwrap_or("no_answer").to_owned();
    QueueError { operation, code, cause: Some(Box::new(error)) }
}

fn unbuildable(operation: &'static str, error: aws_sdk_sqs::error::BuildError) -> QueueError {
    QueueError { operation, code: "request_incomplete".to_owned(), cause: Some(Box::new(error)) }
}

/// The receipts of messages that are gone.
///
/// # Errors
/// The first entry that failed for another reason.
fn gone_receipts(
    operation: &'static str,
    receipts: &[String],
    failed: &[BatchResultErrorEntry],
) -> Result<Vec<String>, QueueError> {
    if let Some(entry) = failed.iter().find(|entry| !is_gone(entry)) {
        return Err(QueueError { operation, code: entry.code().to_owned(), cause: None });
    }
    let receipt = |entry: &BatchResultErrorEntry| receipts.get(entry.id().parse::<usize>().ok()?).cloned();
    Ok(failed.iter().filter_map(receipt).collect())
}

/// Whether an entry's error means that the message was removed, passed the queue's retention, or was received by another
/// reader since. SQS has three codes for that. It also uses `InvalidParameterValue` for an invalid time, so for that code
/// the text decides.
fn is_gone(entry: &BatchResultErrorEntry) -> bool {
    let code = entry.code();
    let text = entry.message().unwrap_or_default();
    code.contains("MessageNotInflight")
        || code.contains("ReceiptHandleIsInvalid")
        || (code.contains("InvalidParameterValue")
            && ["does not exist", "not available for visibility timeout change", "receipt handle has expired"]
                .iter()
                .any(|reason| text.contains(reason)))
}
