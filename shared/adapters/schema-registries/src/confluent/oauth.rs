//! Bearer tokens by OAuth's client credentials grant: one fetch for all that wait, and a new token before the old one expires.

use std::{fmt, sync::Arc};

use environment::SecretError;
use reqwest::{Client, Url, header::CONTENT_TYPE};
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget};
use signed_requests::Answer;
use tokio::{sync::Mutex, time::Instant};

use super::{answer::success, config::ClientCredentials};
use crate::{
    http::{Cause, receive},
    token_lifetime::TokenResponse,
};

/// A token and its lifetime.
#[derive(Clone)]
pub(super) struct Token {
    text: Arc<str>,
    /// When a new one should be fetched.
    stale: Instant,
    expires: Instant,
}

/// Fetches and keeps tokens.
pub(super) struct Tokens {
    client: Client,
    url: Url,
    credentials: ClientCredentials,
    max_answer_bytes: usize,
    kept: Mutex<Kept>,
}

/// Locked while a token is fetched, so that callers that come meanwhile wait for it.
#[derive(Default)]
struct Kept {
    token: Option<Token>,
    /// The last failed fetch and when it failed: the answer for all that waited for it.
    failed: Option<(Instant, RegistryError)>,
}

#[derive(Debug, thiserror::Error)]
#[error("the token endpoint returned no token")]
struct NoToken(#[source] RegistryErrorCause);

/// The endpoint's failure without the registry error around it: the registry was not asked yet.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct RegistryErrorCause(String);

impl Token {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Tokens {
    pub(super) fn new(client: Client, url: Url, credentials: ClientCredentials, max_answer_bytes: usize) -> Self {
        Self { client, url, credentials, max_answer_bytes, kept: Mutex::default() }
    }

    /// A token that is still valid when it arrives.
    pub(super) async fn fresh(&self, target: &RegistryTarget) -> Result<Token, RegistryError> {
        let came = Instant::now();
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.token.as_ref().filter(|token| token.stale > Instant::now()) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = kept.failed.as_ref().filter(|(at, _)| *at >= came) {
            return Err(error.clone());
        }
        match self.fetch(target).await {
            Ok(token) => {
                *kept = Kept { token: Some(token.clone()), failed: None };
                Ok(token)
            }
            Err(error) => {
                let now = Instant::now();
                if let Some(token) = kept.token.as_ref().filter(|token| token.expires > now) {
                    return Ok(token.clone());
                }
                kept.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    /// Drops a token that the registry refused, unless it was replaced meanwhile.
    pub(super) async fn refuse(&self, refused: &Token) {
        let mut kept = self.kept.lock().await;
        if kept.token.as_ref().is_some_and(|token| token.text == refused.text) {
            kept.token = None;
        }
    }

    fn form(&self) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &self.credentials.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    async fn ask(&self, client_secret: &str, target: &RegistryTarget) -> Result<Answer, RegistryError> {
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(&self.credentials.client_id, Some(client_secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form());
        receive(request, self.max_answer_bytes, target).await.map_err(|error| no_token(target, error))
    }

    async fn fetch(&self, target: &RegistryTarget) -> Result<Token, RegistryError> {
        let mut sent = Instant::now();
        let secret = &self.credentials.client_secret;
        let mut known = secret.expose();
        let mut answer = self.ask(&known, target).await?;
        // A wrong secret is a wrong request too (RFC 6749, section 5.2).
        let refused = matches!(answer.status.as_u16(), 400 | 401 | 403);
        if refused && secret.refused(&known).await.map_err(|error| unreadable(target, error))? {
            sent = Instant::now();
            known = secret.expose();
            answer = self.ask(&known, target).await?;
        }
        let body = success(answer, target).map_err(|error| no_token(target, error))?;
        // The error of serde_json may quote the body, and with it a token.
        let granted: TokenResponse = serde_json::from_slice(&body).map_err(|_| {
            no_token(
                target,
                RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(Cause::Unreadable),
            )
        })?;
        let life = granted.lifetime();
        Ok(Token { text: granted.access_token.into(), stale: sent + life.mul_f64(0.8), expires: sent + life })
    }
}

/// A secret that was refused cannot be read again.
pub(super) fn unreadable(target: &RegistryTarget, error: SecretError) -> RegistryError {
    let transient = error.is_transient();
    let kind = if transient { RegistryErrorKind::Unavailable } else { RegistryErrorKind::Refused };
    RegistryError::new(target.clone(), kind).caused_by(error)
}

/// Every failure of the endpoint is a fault of the deployment, not of the record.
fn no_token(target: &RegistryTarget, error: RegistryError) -> RegistryError {
    let kind = match error.kind() {
        RegistryErrorKind::Unavailable => RegistryErrorKind::Unavailable,
        RegistryErrorKind::Throttled => RegistryErrorKind::Throttled,
        RegistryErrorKind::Refused
        | RegistryErrorKind::Lost
        | RegistryErrorKind::RulesUnsupported
        | RegistryErrorKind::NotFound
        | RegistryErrorKind::Incompatible
        | RegistryErrorKind::Invalid
        | RegistryErrorKind::Unusable
        | RegistryErrorKind::Unsupported => RegistryErrorKind::Refused,
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    RegistryError::new(target.clone(), kind).after(error.retry_after()).caused_by(NoToken(RegistryErrorCause(cause)))
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}
