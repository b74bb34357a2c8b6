//! Letters that are stored at the same time travel together, and none waits for company.
//!
//! Whoever comes first sends at once. Whoever comes while that is under way waits in line, and the first of them then
//! sends all who wait: at most ten, and at most as many bytes as one call may have. There is no task behind this and
//! no timer: the callers' own futures do the sending. A caller that is dropped while it sends takes nobody with it: the
//! others find that out and line up again. Their letters may then be stored twice, under one id.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use event_runtime::StoreError;
use tokio::sync::oneshot;

use crate::errors::{CallFailed, EntryForgotten, EntryRefused, code_of, failed, is_refusal};
use crate::message::{MAX_BYTES, Message, TEXT};

/// SQS takes at most ten messages in one call.
const MAX_ENTRIES: usize = 10;

/// The way into one queue.
#[derive(Debug)]
pub(crate) struct Outgoing {
    client: Client,
    queue_url: String,
    line: Mutex<VecDeque<Waiting>>,
    /// Who holds it sends.
    turn: tokio::sync::Mutex<()>,
}

/// A message in line, and who is to be told.
#[derive(Debug)]
struct Waiting {
    message: Arc<Message>,
    told: oneshot::Sender<Result<(), StoreError>>,
}

impl Outgoing {
    pub(crate) fn to(client: Client, queue_url: String) -> Self {
        Outgoing { client, queue_url, line: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Sends a message and gives SQS's word on it.
    pub(crate) async fn send(&self, message: Arc<Message>) -> Result<(), StoreError> {
        loop {
            let (told, answer) = oneshot::channel();
            self.line().push_back(Waiting { message: Arc::clone(&message), told });
            if let Some(result) = self.until_told(answer).await {
                return result;
            }
        }
    }

    /// `None` when whoever sent our message was dropped before SQS had answered.
    async fn until_told(
        &self,
        mut answer: oneshot::Receiver<Result<(), StoreError>>,
    ) -> Option<Result<(), StoreError>> {
        loop {
            tokio::select! {
                biased;
                told = &mut answer => return told.ok(),
                _turn = self.turn.lock() => self.send_batch(self.next_batch()).await,
            }
        }
    }

    /// Who waits longest, and as many after it as one call may carry.
    fn next_batch(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(next) = line.front() {
            bytes += next.message.bytes();
            let full = batch.len() == MAX_ENTRIES || bytes > MAX_BYTES;
            if full && !batch.is_empty() {
                break;
            }
            // One whose caller is gone is nobody's business any more.
            batch.extend(line.pop_front().filter(|waiting| !waiting.told.is_closed()));
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
            Err(error) => return tell_all(batch, "dead_letter_unwritable", error),
        };
        let call = self.client.send_message_batch().queue_url(&self.queue_url).set_entries(Some(entries));
        let output = match call.send().await {
            Ok(output) => output,
            // Too long together says nothing of each: alone, each gets its own word.
            Err(error) if batch.len() > 1 && error.code().is_some_and(is_refusal) => {
                for waiting in batch {
                    Box::pin(self.send_batch(vec![waiting])).await;
                }
                return;
            }
            Err(error) => return tell_all(batch, code_of(error.code()), error),
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
                (false, None) => Err(failed("dead_letters_unavailable", EntryForgotten)),
            };
            tell(waiting, result);
        }
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
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

fn tell_all(batch: Vec<Waiting>, code: &'static str, error: impl std::error::Error + Send + Sync + 'static) {
    let cause = CallFailed(Arc::new(error));
    for waiting in batch {
        tell(waiting, Err(failed(code, cause.clone())));
    }
}

fn tell(waiting: Waiting, result: Result<(), StoreError>) {
    // Nobody listens when the caller was dropped while we sent.
    let _ = waiting.told.send(result);
}
