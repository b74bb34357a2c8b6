//! The port to objects in S3: letters too large for the queue, and documents of an on-failure destination.

use event_runtime::Failure;
use futures_util::future::BoxFuture;

/// Objects in S3.
pub trait Objects: Send + Sync {
    /// The keys that begin with `prefix`, sorted, at most `limit` of them; and whether there are more.
    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>>;

    /// The content of an object.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>>;

    /// Removes an object. Removing it twice succeeds.
    fn remove<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>>;
}

/// A call to S3 failed.
#[derive(Debug, Failure)]
#[failure(
    "S3 did not {operation} s3://{bucket}/{key}",
    retry,
    code = "bucket_unavailable",
    remedy = "Wait; check the bucket and the rights of the role."
)]
pub struct ObjectError {
    /// What the call should do: `list`, `return` or `remove`.
    pub operation: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, or the prefix of the keys.
    pub key: String,
    /// The client's error.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}
