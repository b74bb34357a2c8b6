//! Secrets from AWS Secrets Manager, read when they are first needed and again when they are refused.

use std::error::Error;

use aws_sdk_secretsmanager::Client;
use environment::Secret;
use event_runtime::{Disposition, Failure};
use tokio::sync::Mutex;

/// The token for the API.
pub struct Token {
    origin: Origin,
    known: Mutex<Option<String>>,
}

enum Origin {
    Fixed(Secret),
    SecretsManager { client: Client, arn: String },
}

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager does not answer or refuses.
    #[error("the secret {arn} cannot be read: check that it exists and that the role may read it")]
    Unavailable {
        /// Which secret.
        arn: String,
        /// The error of Secrets Manager.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// It is binary or empty.
    #[error("the secret {arn} does not hold text: store the token as plain text")]
    NoText {
        /// Which secret.
        arn: String,
    },
}

impl Failure for SecretError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }

    fn code(&self) -> &'static str {
        match self {
            SecretError::Unavailable { .. } => "secret_unavailable",
            SecretError::NoText { .. } => "secret_without_text",
        }
    }
}

impl Token {
    /// A token from the environment, for local use.
    pub fn fixed(token: Secret) -> Self {
        Token { origin: Origin::Fixed(token), known: Mutex::default() }
    }

    /// The text of a secret.
    pub fn secret(client: Client, arn: impl Into<String>) -> Self {
        Token { origin: Origin::SecretsManager { client, arn: arn.into() }, known: Mutex::default() }
    }

    /// The token.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self) -> Result<String, SecretError> {
        let (client, arn) = match &self.origin {
            Origin::Fixed(token) => return Ok(token.expose().to_owned()),
            Origin::SecretsManager { client, arn } => (client, arn),
        };
        let mut known = self.known.lock().await;
        if let Some(token) = known.as_ref() {
            return Ok(token.clone());
        }
        let token = read(client, arn).await?;
        Ok(known.insert(token).clone())
    }

    /// Forgets a token that the API refused: the secret may have been rotated. Returns whether reading it again can help.
    pub async fn refused(&self) -> bool {
        match &self.origin {
            Origin::Fixed(_) => false,
            Origin::SecretsManager { .. } => self.known.lock().await.take().is_some(),
        }
    }
}

/// The text of a secret, trimmed: an editor's newline does not belong to a token.
///
/// # Errors
/// When Secrets Manager does not give it, or it holds no text.
pub async fn read(client: &Client, arn: &str) -> Result<String, SecretError> {
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| SecretError::Unavailable { arn: arn.to_owned(), cause: Box::new(error) })?;
    let text = answer.secret_string().map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| SecretError::NoText { arn: arn.to_owned() })
}
