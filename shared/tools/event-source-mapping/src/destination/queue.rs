//! SQS and S3.

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use serde_json::Value;

use super::document::DocumentHead;
use crate::ports::{DestinationError, GivenUp};
use kafka_connection::with_causes;

/// A queue. It gets what the batch was, without its records.
#[derive(Debug)]
pub struct QueueDestination {
    /// The client.
    pub client: aws_sdk_sqs::Client,
    /// The queue's URL.
    pub url: String,
    /// What every document has.
    pub head: DocumentHead,
}

impl QueueDestination {
    pub(super) async fn send(&self, failed: GivenUp) -> Result<(), DestinationError> {
        let body = Value::from(self.head.document(&failed)).to_string();
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).map_err(|error| DestinationError(format!("{}: {}", self.url, with_causes(&error))))
    }
}

/// A bucket. It gets the whole event.
#[derive(Debug)]
pub struct BucketDestination {
    /// The client.
    pub client: aws_sdk_s3::Client,
    /// The bucket's name.
    pub bucket: String,
    /// Names the mapping in the objects' keys.
    pub mapping: String,
    /// What every document has.
    pub head: DocumentHead,
}

impl BucketDestination {
    pub(super) async fn send(&self, failed: GivenUp) -> Result<(), DestinationError> {
        let body = Value::from(self.head.with_event(&failed)).to_string();
        let key = self.key(&failed);
        let put = self.client.put_object().bucket(&self.bucket).key(&key).body(ByteStream::from(body.into_bytes()));
        let put = put.send().await;
        put.map(drop).map_err(|error| DestinationError(format!("s3://{}/{key}: {}", self.bucket, with_causes(&error))))
    }

    /// As AWS names the objects of its other sources.
    fn key(&self, failed: &GivenUp) -> String {
        let now = Timestamp::now();
        let partition = failed.records.keys().next().map(ToString::to_string).unwrap_or_default();
        format!(
            "aws/lambda/{}/{partition}/{}/{}-{}",
            self.mapping,
            now.strftime("%Y/%m/%d"),
            now.strftime("%Y-%m-%dT%H.%M.%S"),
            uuid::Uuid::new_v4(),
        )
    }
}
