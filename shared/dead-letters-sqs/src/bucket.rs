//! Letters that are too large for SQS: whole in an S3 object, and a message that points to it.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use event_runtime::{DeadLetter, StoreError};

use crate::errors::{bucket_failed, failed};
use crate::message::{Message, ObjectAddress, StoredLetter};

/// Where large letters go.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Bucket { client, name }
    }

    /// Puts the letter into its object, which is named by the letter's id, and gives the message that points there.
    /// Putting it again changes nothing but the object's age.
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

/// A letter's object could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// S3 did not give it.
    #[error("s3://{}/{} cannot be had; the letter's raw bytes are in it", object.bucket, object.key)]
    Unavailable {
        /// The object.
        object: ObjectAddress,
        /// What S3 said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It holds something else.
    #[error("s3://{}/{} does not hold letter {id}", object.bucket, object.key)]
    Foreign {
        /// The object.
        object: ObjectAddress,
        /// The letter that should be there.
        id: String,
    },
}

impl StoredLetter {
    /// The letter with its raw bytes, fetched from S3 where the message only points there.
    ///
    /// # Errors
    /// When the object cannot be had, or is not this letter's.
    pub async fn whole(self, client: &Client) -> Result<DeadLetter, FetchError> {
        let Some(object) = self.raw_in else { return Ok(self.letter) };
        let body = async {
            let object = client.get_object().bucket(&object.bucket).key(&object.key).send().await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(object.body.collect().await?.into_bytes())
        };
        let body = match body.await {
            Ok(body) => body,
            Err(source) => return Err(FetchError::Unavailable { object, source }),
        };
        match serde_json::from_slice(&body) {
            // The message's word on attempts counts, the object may be an older one's.
            Ok(DeadLetter { id, raw, .. }) if id == self.letter.id => Ok(DeadLetter { raw, ..self.letter }),
            Ok(_) | Err(_) => Err(FetchError::Foreign { object, id: self.letter.id.to_string() }),
        }
    }
}
