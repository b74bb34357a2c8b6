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
/// They are read each time that the producer signs in: at first, and after the cluster has refused it. So a rotated password
/// is found.
pub trait Logins: Send + Sync {
    /// The current user and password.
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
