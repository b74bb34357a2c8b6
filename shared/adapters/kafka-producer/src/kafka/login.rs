//! User and password for SASL/SCRAM: as they are, or asked for when they are needed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A user and its password, which never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// Its password.
    pub password: String,
}

/// Where user and password come from.
///
/// Asked each time that the producer signs in anew: at first, and after the cluster has refused it. A rotated password
/// is found then.
pub trait Logins: Send + Sync {
    /// User and password as they are now.
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>>;
}

/// No user and password. The text must not hold them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("user and password cannot be had")]
pub struct LoginError(#[source] Arc<dyn Error + Send + Sync>);

impl LoginError {
    /// What kept them from being had.
    pub fn new(cause: impl Error + Send + Sync + 'static) -> Self {
        LoginError(Arc::new(cause))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// Always the same.
impl Logins for Login {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>> {
        let login = self.clone();
        async move { Ok(login) }.boxed()
    }
}
