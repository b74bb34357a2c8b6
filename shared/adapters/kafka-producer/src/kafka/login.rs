//! User and password for SASL/SCRAM: fixed, or read when they are needed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A user and its password. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// Its password.
    pub password: String,
}

/// Where user and password come from.
///
/// They are asked for each time that the producer makes a client: when it first sends, and after an error that ended the
/// one before. That may have been a refusal, so what is kept elsewhere is to be read again: then a rotated password is found.
pub trait Logins: Send + Sync {
    /// The current user and password.
    ///
    /// # Errors
    /// When there are none to sign in with. Those of before are better than an error: they may still be accepted.
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>>;
}

/// User and password cannot be read. The text must not contain them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("user and password cannot be read")]
pub struct LoginError(#[source] Arc<dyn Error + Send + Sync>);

impl LoginError {
    /// The cause.
    pub fn new(cause: impl Error + Send + Sync + 'static) -> Self {
        LoginError(Arc::new(cause))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// A fixed user and password.
impl Logins for Login {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>> {
        let login = self.clone();
        async move { Ok(login) }.boxed()
    }
}
