//! The queue of dead letters, and the bucket for those that are too large for it.

use environment::{Bucket, Queue};

use crate::Config;
use crate::manifest::ActionUse;

/// Where dead letters go.
#[derive(Debug, Clone, Config)]
pub struct DeadLetterQueue {
    /// SQS queue for dead letters.
    #[env("DEAD_LETTER_QUEUE_URL", example = "https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letters")]
    queue: Queue,
    /// S3 bucket for dead letters that are too large for the queue (1 MiB). Without it such a record stays pending and
    /// stops its partition.
    #[env("DEAD_LETTER_BUCKET", example = "dead-letters")]
    bucket: Option<Bucket>,
}

impl DeadLetterQueue {
    /// The queue's URL.
    pub fn url(&self) -> &str {
        self.queue.url()
    }

    /// The bucket's name.
    pub fn bucket(&self) -> Option<String> {
        self.bucket.as_ref().map(|bucket| bucket.name().to_owned())
    }

    /// The actions of IAM that storing letters takes, and on what.
    pub(crate) fn rights(&self) -> Vec<ActionUse> {
        let queue = ActionUse::on(&["sqs:SendMessage"], self.url());
        let bucket = self.bucket().map(|bucket| ActionUse::on(&["s3:PutObject"], format!("{bucket}/*")));
        std::iter::once(queue).chain(bucket).collect()
    }
}
