//! User and password for Kafka, from Secrets Manager, in the form that MSK uses.

use aws_sdk_secretsmanager::Client;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_producer::{Login, LoginError, Logins};
use serde::Deserialize;

use crate::secret;

/// A secret with `username` and `password`; read each time that the producer signs in.
#[derive(Debug, Clone)]
pub struct SecretLogin {
    client: Client,
    arn: String,
}

/// The secret's text has another shape.
#[derive(Debug, thiserror::Error)]
#[error("the secret {0} is not the JSON that MSK keeps: {{\"username\": …, \"password\": …}}")]
struct NotALogin(String);

impl SecretLogin {
    /// The secret of KAFKA_SECRET_ARN.
    pub fn new(client: Client, arn: impl Into<String>) -> Self {
        SecretLogin { client, arn: arn.into() }
    }

    async fn read(&self) -> Result<Login, LoginError> {
        #[derive(Deserialize)]
        struct Text {
            username: String,
            password: String,
        }
        let text = secret::read(&self.client, &self.arn).await.map_err(LoginError::new)?;
        // The error of serde_json may quote the secret, so it is not kept.
        let Text { username, password } =
            serde_json::from_str(&text).map_err(|_| LoginError::new(NotALogin(self.arn.clone())))?;
        Ok(Login { user: username, password })
    }
}

impl Logins for SecretLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>> {
        self.read().boxed()
    }
}
