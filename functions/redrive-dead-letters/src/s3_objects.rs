//! Implements [`Objects`] with Amazon S3.

use aws_sdk_s3::Client;
use event_functions::redrive::{ObjectError, Objects};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Objects in S3.
#[derive(Debug, Clone)]
pub struct S3Objects(Client);

impl S3Objects {
    /// Objects that `client` reads.
    pub fn new(client: Client) -> Self {
        S3Objects(client)
    }

    async fn list(&self, bucket: &str, prefix: &str, limit: usize) -> Result<(Vec<String>, bool), ObjectError> {
        let mut keys = Vec::new();
        let mut from = None;
        loop {
            let call = self.0.list_objects_v2().bucket(bucket).prefix(prefix).set_continuation_token(from.take());
            let page = call.send().await.map_err(|error| failed("list", bucket, prefix, error))?;
            let more = page.is_truncated().unwrap_or_default();
            from = page.next_continuation_token;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
            if keys.len() > limit || !more || from.is_none() {
                let omitted = keys.len() > limit;
                keys.truncate(limit);
                return Ok((keys, omitted || more));
            }
        }
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, ObjectError> {
        let object = self.0.get_object().bucket(bucket).key(key).send().await;
        let object = object.map_err(|error| failed("return", bucket, key, error))?;
        let body = object.body.collect().await.map_err(|error| failed("return", bucket, key, error))?;
        Ok(body.into_bytes().into())
    }

    async fn remove(&self, bucket: &str, key: &str) -> Result<(), ObjectError> {
        let removed = self.0.delete_object().bucket(bucket).key(key).send().await;
        removed.map(drop).map_err(|error| failed("remove", bucket, key, error))
    }
}

impl Objects for S3Objects {
    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>> {
        self.list(bucket, prefix, limit).boxed()
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>> {
        self.get(bucket, key).boxed()
    }

    fn remove<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        self.remove(bucket, key).boxed()
    }
}

fn failed(
    operation: &'static str,
    bucket: &str,
    key: &str,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> ObjectError {
    ObjectError { operation, bucket: bucket.to_owned(), key: key.to_owned(), cause: Box::new(cause) }
}
