//! Objects: letters too large for the queue, and documents of an S3 on-failure destination.

use futures_util::future::BoxFuture;

/// Objects in S3.
pub trait Objects: Send + Sync {
    /// The keys that begin with `prefix`, in their order, at most `limit`; and whether there are more.
    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>>;

    /// An object's content.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>>;

    /// Removes an object. Removing it again is success.
    fn remove<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>>;
}

/// S3 did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("S3 did not {operation} s3://{bucket}/{key}")]
pub struct ObjectError {
    /// What was asked.
    pub operation: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, or what keys begin with.
    pub key: String,
    /// What the client saw.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}
