//! Bearer tokens by OAuth's client credentials: one fetch for all who wait, a new one before the old one ends.

use std::{fmt, sync::Arc};

use reqwest::{Client, Url, header::CONTENT_TYPE};
use schema_registry::{Asked, RegistryError, RegistryErrorKind};
use tokio::{sync::Mutex, time::Instant};

use super::{answer::success, config::ClientCredentials};
use crate::{
    http::{Said, receive},
    token_lifetime::TokenResponse,
};

/// A token and until when it serves.
#[derive(Clone)]
pub(super) struct Token {
    text: Arc<str>,
    /// From here on a new one is wanted.
    stale: Instant,
    expires: Instant,
}

/// Where tokens come from.
pub(super) struct Tokens {
    client: Client,
    url: Url,
    credentials: ClientCredentials,
    max_answer_bytes: usize,
    kept: Mutex<Kept>,
}

/// Locked while a token is fetched, so that whoever comes meanwhile waits for that one.
#[derive(Default)]
struct Kept {
    token: Option<Token>,
    /// The last fetch that failed, and when it did: the answer for all who waited for it.
    failed: Option<(Instant, RegistryError)>,
}

#[derive(Debug, thiserror::Error)]
#[error("the token endpoint gave no token")]
struct NoToken(#[source] RegistryErrorCause);

/// The endpoint's failure without the line about the registry, which was not asked yet.
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

    /// A token that will still serve when it arrives.
    pub(super) async fn fresh(&self, asked: &Asked) -> Result<Token, RegistryError> {
        let came = Instant::now();
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.token.as_ref().filter(|token| token.stale > Instant::now()) {
            return Ok(token.clone());
        }
        if let Some((_, error)) = kept.failed.as_ref().filter(|(at, _)| *at >= came) {
            return Err(error.clone());
        }
        match self.fetch(asked).await {
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

    /// Forgets a token that the registry refused, unless another has come since.
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

    async fn fetch(&self, asked: &Asked) -> Result<Token, RegistryError> {
        let ClientCredentials { client_id, client_secret, .. } = &self.credentials;
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(client_id, Some(client_secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form());
        let sent = Instant::now();
        let answer = receive(request, self.max_answer_bytes, asked).await.map_err(|error| no_token(asked, error))?;
        let body = success(answer, asked).map_err(|error| no_token(asked, error))?;
        // The error of serde_json may quote the body, and with it a token.
        let granted: TokenResponse = serde_json::from_slice(&body).map_err(|_| {
            no_token(asked, RegistryError::new(asked.clone(), RegistryErrorKind::Refused).caused_by(Said::Unreadable))
        })?;
        let life = granted.lifetime();
        Ok(Token { text: granted.access_token.into(), stale: sent + life.mul_f64(0.8), expires: sent + life })
    }
}

/// Whatever the endpoint says, it is the deployment's matter and not the record's.
fn no_token(asked: &Asked, error: RegistryError) -> RegistryError {
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
    RegistryError::new(asked.clone(), kind).after(error.retry_after()).caused_by(NoToken(RegistryErrorCause(cause)))
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}
