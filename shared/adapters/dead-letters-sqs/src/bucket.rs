//! Letters that are too large for SQS: an S3 object with the whole letter, and a message that points to it.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use event_runtime::{DeadLetter, ObjectAddress, StoreError};

use crate::errors::{bucket_failed, failed};
use crate::message::Message;

/// The bucket of large letters.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Bucket { client, name }
    }

    /// Puts the letter into an object named by the letter's id, and returns the message that points to it. Putting it again
    /// changes only the object's age.
    pub(crate) async fn put(&self, letter: &DeadLetter) -> Result<Message, StoreError> {
        let body = serde_json::to_vec(letter).map_err(|error| failed("dead_letter_unwritable", error))?;
        let key = format!("dead-letters/{}/{}.json", letter.given_up_by.function, letter.id);
        let object = ObjectAddress { bucket: self.name.clone(), key, bytes: body.len() };
        let put = self.client.put_object().bucket(&object.bucket).key(&object.key).content_type("application/json");
        put.body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| bucket_failed(error.code().map(str::to_owned).as_deref(), error))?;
        Message::pointing_to(object, letter).map_err(|error| failed("dead_letter_unwritable", error))
    }
}
