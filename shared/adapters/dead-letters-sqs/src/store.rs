//! The adapter: stores a letter in the queue, or in the bucket with a message in the queue.

use std::sync::Arc;

use event_runtime::{DeadLetter, DeadLetters, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::batching::BatchSender;
use crate::bucket::Bucket;
use crate::errors::{REFUSED, RefusedWithoutBucket, TooLarge, failed};
use crate::message::{MAX_BYTES, Message};

/// [`DeadLetters`] in an SQS queue. Clones share their batches.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    sender: Arc<BatchSender>,
    bucket: Option<Bucket>,
}

impl SqsDeadLetters {
    /// Stores letters in the queue at `queue_url`.
    pub fn new(client: aws_sdk_sqs::Client, queue_url: impl Into<String>) -> Self {
        SqsDeadLetters { sender: Arc::new(BatchSender::new(client, queue_url.into())), bucket: None }
    }

    /// Adds a bucket for letters that are too large for the queue; `None` changes nothing.
    #[must_use]
    pub fn with_bucket(self, client: aws_sdk_s3::Client, bucket: Option<String>) -> Self {
        SqsDeadLetters { bucket: bucket.map(|name| Bucket::new(client, name)), ..self }
    }

    async fn send(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let whole = Message::whole(letter).map_err(|error| failed("dead_letter_unwritable", error))?;
        let bytes = whole.bytes();
        match &self.bucket {
            None if bytes > MAX_BYTES => Err(too_large(bytes)),
            None => self.sender.send(Arc::new(whole)).await.map_err(|error| match error {
                StoreError { code: REFUSED, cause, .. } => {
                    failed(REFUSED, RefusedWithoutBucket { bytes, max: MAX_BYTES, cause })
                }
                error => error,
            }),
            Some(bucket) if bytes > MAX_BYTES => self.send_through(bucket, letter).await,
            Some(bucket) => match self.sender.send(Arc::new(whole)).await {
                Err(StoreError { code: REFUSED, .. }) => self.send_through(bucket, letter).await,
                settled => settled,
            },
        }
    }

    async fn send_through(&self, bucket: &Bucket, letter: &DeadLetter) -> Result<(), StoreError> {
        let pointer = bucket.put(letter).await?;
        match pointer.bytes() {
            bytes if bytes > MAX_BYTES => Err(too_large(bytes)),
            _ => self.sender.send(Arc::new(pointer)).await,
        }
    }
}

impl DeadLetters for SqsDeadLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        self.send(letter).boxed()
    }
}

fn too_large(bytes: usize) -> StoreError {
    failed("dead_letter_too_large", TooLarge { bytes, max: MAX_BYTES })
}
