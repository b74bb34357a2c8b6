//! Secrets Manager in memory, for tests.

use std::sync::{Arc, Mutex};

use event_functions::environment::{FetchError, SecretSource};
use event_functions::{SecretArn, SecretError};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

/// The secret that it has.
pub(crate) const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_profiles-AbCdEf";

/// Holds one text; nothing while it does not answer. Clones share it.
#[derive(Clone)]
pub(crate) struct Vault(Arc<Mutex<Option<&'static str>>>);

impl Vault {
    pub(crate) fn holding(text: &'static str) -> Self {
        Vault(Arc::new(Mutex::new(Some(text))))
    }

    pub(crate) fn set(&self, text: Option<&'static str>) {
        *self.0.lock().unwrap() = text;
    }
}

impl SecretSource for Vault {
    fn fetch<'a>(&'a self, arn: &'a SecretArn) -> BoxFuture<'a, Result<String, SecretError>> {
        let text = self.0.lock().unwrap().map(str::to_owned);
        let down = || SecretError::fetch(arn, FetchError::Unavailable, std::io::Error::other("down"));
        ready(text.ok_or_else(down)).boxed()
    }
}
