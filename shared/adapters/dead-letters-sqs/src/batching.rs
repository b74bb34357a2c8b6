//! Batches: letters that are stored at the same time share one call, and a letter never waits for others to come.
//!
//! The first caller sends at once. Callers that come during its call wait in a queue; then the next one sends for all that
//! wait: at most ten messages, and at most the bytes of one call. There is no background task and no timer: the callers'
//! own futures send. If a caller is dropped while it sends, the others notice and queue again. Their letters may then be
//! stored twice, under one id.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use event_runtime::StoreError;
use tokio::sync::oneshot;

use crate::errors::{CallFailed, EntryRefused, ResultMissing, code_of, failed, is_refusal};
use crate::message::{MAX_BYTES, Message, TEXT};

/// SQS takes at most ten messages in one call.
const MAX_ENTRIES: usize = 10;

/// Sends messages to one queue, in batches.
#[derive(Debug)]
pub(crate) struct BatchSender {
    client: Client,
    queue_url: String,
    waiting: Mutex<VecDeque<Waiting>>,
    /// The caller that holds it sends.
    turn: tokio::sync::Mutex<()>,
}

/// A message that waits to be sent, and the caller that waits for its result.
#[derive(Debug)]
struct Waiting {
    message: Arc<Message>,
    result: oneshot::Sender<Result<(), StoreError>>,
}

impl BatchSender {
    pub(crate) fn new(client: Client, queue_url: String) -> Self {
        BatchSender { client, queue_url, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Sends a message and returns SQS's result for it.
    pub(crate) async fn send(&self, message: Arc<Message>) -> Result<(), StoreError> {
        loop {
            let (sender, result) = oneshot::channel();
            self.waiting().push_back(Waiting { message: Arc::clone(&message), result: sender });
            if let Some(result) = self.sent(result).await {
                return result;
            }
        }
    }

    /// Waits for the result, and sends a batch when it is our turn. `None` when the caller that sent our message was dropped
    /// before SQS had answered.
    async fn sent(&self, mut result: oneshot::Receiver<Result<(), StoreError>>) -> Option<Result<(), StoreError>> {
        loop {
            tokio::select! {
                biased;
                result = &mut result => return result.ok(),
                _turn = self.turn.lock() => self.send_batch(self.next_batch()).await,
            }
        }
    }

    /// The message that has waited longest, and as many after it as one call may have.
    fn next_batch(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = waiting.front() {
            bytes += next.message.bytes();
            let full = batch.len() == MAX_ENTRIES || bytes > MAX_BYTES;
            if full && !batch.is_empty() {
                break;
            }
            // A message whose caller was dropped is left out.
            batch.extend(waiting.pop_front().filter(|waiting| !waiting.result.is_closed()));
        }
        batch
    }

    async fn send_batch(&self, batch: Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        let entries = batch.iter().enumerate().map(|(number, waiting)| entry(number, &waiting.message)).collect();
        let entries: Result<Vec<_>, _> = entries;
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return fail_all(batch, "dead_letter_unwritable", error),
        };
        let call = self.client.send_message_batch().queue_url(&self.queue_url).set_entries(Some(entries));
        let output = match call.send().await {
            Ok(output) => output,
            // Too long together: alone, each letter gets its own result.
            Err(error) if batch.len() > 1 && error.code().is_some_and(is_refusal) => {
                for waiting in batch {
                    Box::pin(self.send_batch(vec![waiting])).await;
                }
                return;
            }
            Err(error) => return fail_all(batch, code_of(error.code()), error),
        };
        for (number, waiting) in batch.into_iter().enumerate() {
            let number = number.to_string();
            let stored = output.successful().iter().any(|entry| entry.id() == number);
            let refused = output.failed().iter().find(|entry| entry.id() == number);
            let result = match (stored, refused) {
                (_, Some(refused)) => {
                    let message = refused.message().unwrap_or_default().to_owned();
                    let cause = EntryRefused { code: refused.code().to_owned(), message };
                    Err(failed(code_of(Some(refused.code())), cause))
                }
                (true, None) => Ok(()),
                (false, None) => Err(failed("dead_letters_unavailable", ResultMissing)),
            };
            return_result(waiting, result);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(number: usize, message: &Message) -> Result<SendMessageBatchRequestEntry, aws_sdk_sqs::error::BuildError> {
    let mut entry = SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(&message.body);
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder().data_type(TEXT).string_value(value).build()?;
        entry = entry.message_attributes(*name, value);
    }
    entry.build()
}

fn fail_all(batch: Vec<Waiting>, code: &'static str, error: impl std::error::Error + Send + Sync + 'static) {
    let cause = CallFailed(Arc::new(error));
    for waiting in batch {
        return_result(waiting, Err(failed(code, cause.clone())));
    }
}

fn return_result(waiting: Waiting, result: Result<(), StoreError>) {
    // The caller may have been dropped while we sent.
    let _ = waiting.result.send(result);
}
