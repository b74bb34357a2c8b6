//! User and password for Kafka, from a secret in the form that MSK uses.

use std::sync::{Arc, Mutex, PoisonError};

use event_functions::{Secret, SecretArn};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_producer::{Login, LoginError, Logins};
use serde::Deserialize;

/// A secret with `username` and `password`. The producer asks for them again when the cluster has refused it, and then the
/// secret is read again.
#[derive(Debug)]
pub(crate) struct SecretLogin {
    secret: Secret,
    /// What the producer signed in with last.
    used: Mutex<Option<Arc<str>>>,
}

/// The secret's text has another shape.
#[derive(Debug, thiserror::Error)]
#[error("the secret {0} is not the JSON that MSK keeps: {{\"username\": …, \"password\": …}}")]
struct NotALogin(String);

impl SecretLogin {
    /// The secret of KAFKA_SECRET_ARN.
    pub(crate) fn new(secret: Secret) -> Self {
        SecretLogin { secret, used: Mutex::default() }
    }

    async fn read(&self) -> Result<Login, LoginError> {
        #[derive(Deserialize)]
        struct Text {
            username: String,
            password: String,
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(refused) = used {
            // Whether it has changed, the producer finds out.
            self.secret.refused(&refused).await.map_err(LoginError::new)?;
        }
        let text = self.secret.expose();
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&text));
        // The error of serde_json may quote the secret, so it is not kept.
        let Text { username, password } =
            serde_json::from_str(&text).map_err(|_| LoginError::new(self.not_a_login()))?;
        Ok(Login { user: username, password })
    }

    fn not_a_login(&self) -> NotALogin {
        NotALogin(self.secret.arn().map(SecretArn::to_string).unwrap_or_default())
    }
}

impl Logins for SecretLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>> {
        self.read().boxed()
    }
}
