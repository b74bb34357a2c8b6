//! On-failure destinations: an SQS queue, an S3 bucket, a topic of the same cluster.

mod document;
mod kafka;
mod queue;

pub use document::DocumentHead;
pub use kafka::TopicDestination;
pub use queue::{BucketDestination, QueueDestination};

use crate::ports::{Destination, DestinationError, GivenUp};

/// Any of them.
#[derive(Debug)]
pub enum OnFailure {
    /// `arn:aws:sqs:…`.
    Queue(QueueDestination),
    /// `arn:aws:s3:::…`.
    Bucket(BucketDestination),
    /// `kafka://…`.
    Topic(Box<TopicDestination>),
}

impl Destination for OnFailure {
    async fn send(&self, failed: GivenUp) -> Result<(), DestinationError> {
        match self {
            OnFailure::Queue(queue) => queue.send(failed).await,
            OnFailure::Bucket(bucket) => bucket.send(failed).await,
            OnFailure::Topic(topic) => topic.send(failed).await,
        }
    }
}
