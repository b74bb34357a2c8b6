//! What the clients of all registries share: answers read whole but not without end, and few, short repetitions.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{
    RequestBuilder, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use schema_registry::{Asked, RegistryError, RegistryErrorKind};
use tokio::time::{Instant, sleep, timeout_at};

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// What the registry said, as the cause of an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Said {
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("it answered with HTTP status {status} and error code {code}")]
    Code { status: u16, code: String },
    /// Only where somebody asked to register something, and waits for the reason: a message may quote a schema.
    #[error("it answered with error code {code}: {message}")]
    Message { code: String, message: String },
    #[error("the schema has a rule of type {0}")]
    Rule(String),
    #[error("its answer is not what the API says")]
    Unreadable,
    #[error("its answer is larger than is read")]
    TooLarge,
    #[error("there was no answer in time")]
    Late,
}

impl Answer {
    /// Whether the server is failing rather than refusing, so that another one or a later time may do better.
    pub(crate) fn is_failure(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::REQUEST_TIMEOUT
    }

    /// What a refusal in words that nobody reads proves.
    pub(crate) fn kind_by_status(&self) -> RegistryErrorKind {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => RegistryErrorKind::Throttled,
            _ if self.is_failure() => RegistryErrorKind::Unavailable,
            _ => RegistryErrorKind::Refused,
        }
    }
}

/// Sends a request and reads the answer to its end, if that is near enough.
pub(crate) async fn receive(request: RequestBuilder, max_bytes: usize, asked: &Asked) -> Result<Answer, RegistryError> {
    // Without the URL: a proxy's may hold credentials.
    let lost = |error: reqwest::Error| unavailable(asked).caused_by(error.without_url());
    let mut response = request.send().await.map_err(lost)?;
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len().saturating_add(chunk.len()) > max_bytes {
            return Err(RegistryError::new(asked.clone(), RegistryErrorKind::Unusable).caused_by(Said::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

pub(crate) fn unavailable(asked: &Asked) -> RegistryError {
    RegistryError::new(asked.clone(), RegistryErrorKind::Unavailable)
}

/// Seconds only: no registry sends a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// How often and for how long a question is put. Little, on purpose: whoever asks on behalf of a record tries again by
/// its own rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) rounds: u32,
    pub(crate) max_pause: Duration,
    pub(crate) timeout: Duration,
}

impl Patience {
    /// Puts a question until it is answered, or this is used up.
    ///
    /// Boxed, because a future that is generic over closures that are `async` could not be shown to be `Send`.
    pub(crate) async fn ask<'q, T>(
        self,
        asked: &Asked,
        question: impl Fn() -> BoxFuture<'q, Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let deadline = Instant::now() + self.timeout;
        let answer = timeout_at(deadline, async {
            let mut round = 1;
            loop {
                let error = match question().await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                let again = matches!(error.kind(), RegistryErrorKind::Unavailable | RegistryErrorKind::Throttled);
                let pause = error.retry_after().unwrap_or_else(|| self.max_pause.mul_f64(fastrand::f64()));
                if !again || round >= self.rounds || pause > self.max_pause || Instant::now() + pause >= deadline {
                    return Err(error);
                }
                sleep(pause).await;
                round += 1;
            }
        });
        answer.await.unwrap_or_else(|_| Err(unavailable(asked).caused_by(Said::Late)))
    }
}
