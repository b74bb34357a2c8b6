//! The queue on Amazon SQS.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redrive_core::{LetterQueue, Message, QueueError};

/// SQS takes ten at a time, in every operation.
const AT_A_TIME: usize = 10;
/// Long polling asks all parts of the queue; a short one may miss some.
const WAIT_SECONDS: i32 = 1;

/// [`LetterQueue`] on SQS.
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
        let output = request.send().await.map_err(|error| failed("give its messages", error))?;
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

    async fn hide(&self, receipts: &[String], hide: Duration) -> Result<(), QueueError> {
        const OPERATION: &str = "change how long messages are hidden";
        for receipts in receipts.chunks(AT_A_TIME) {
            let entries = receipts.iter().enumerate().map(|(number, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(receipt).visibility_timeout(seconds(hide)).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(OPERATION, error))?;
            let call = self.client.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries));
            let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
            let gone = |entry: &&BatchResultErrorEntry| !entry.code().contains("MessageNotInflight");
            refused(OPERATION, output.failed().iter().find(gone))?;
        }
        Ok(())
    }

    async fn remove(&self, receipts: &[String]) -> Result<(), QueueError> {
        const OPERATION: &str = "remove a message";
        for receipts in receipts.chunks(AT_A_TIME) {
            let entries = receipts.iter().enumerate().map(|(number, receipt)| {
                DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(receipt).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|error| unbuildable(OPERATION, error))?;
            let call = self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
            refused(OPERATION, output.failed().first())?;
        }
        Ok(())
    }
}

impl LetterQueue for SqsLetterQueue {
    fn receive(&self, hide: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        self.receive(hide).boxed()
    }

    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<(), QueueError>> {
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

fn refused(operation: &'static str, entry: Option<&BatchResultErrorEntry>) -> Result<(), QueueError> {
    match entry {
        None => Ok(()),
        Some(entry) => Err(QueueError { operation, code: entry.code().to_owned(), cause: None }),
    }
}
