//! HTTP for the clients of all registries: answers of bounded size, and few, short retries.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{RequestBuilder, StatusCode};
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget};
use signed_requests::{Answer, Incomplete};
use tokio::time::{Instant, sleep, timeout_at};

/// The cause of a failed request, as far as it may be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("it answered with HTTP status {status} and error code {code}")]
    Code { status: u16, code: String },
    /// Only for requests that register or check a schema, whose caller needs the reason: a message may quote a schema.
    #[error("it answered with error code {code}: {message}")]
    Message { code: String, message: String },
    /// The password was read again, and the user beside it cannot be.
    #[error(
        "it answered with HTTP status 401 to the password that its secret has now, and the user is a fixed text: if user and password are rotated together, give the user by its secret too"
    )]
    FixedUser,
    #[error("the schema has a rule of type {0}")]
    Rule(String),
    #[error("its answer is not one of this API")]
    Unreadable,
    #[error("its answer is too large")]
    TooLarge,
    #[error("it did not answer in time")]
    TimedOut,
}

/// Whether the server is failing rather than refusing, so that another server or a later try may succeed.
pub(crate) fn is_failure(answer: &Answer) -> bool {
    answer.status.is_server_error() || answer.status == StatusCode::REQUEST_TIMEOUT
}

/// What a refusal means by its status alone.
pub(crate) fn kind_by_status(answer: &Answer) -> RegistryErrorKind {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => RegistryErrorKind::Throttled,
        _ if is_failure(answer) => RegistryErrorKind::Unavailable,
        _ => RegistryErrorKind::Refused,
    }
}

/// Sends a request and reads the answer, up to `max_bytes`.
pub(crate) async fn receive(
    request: RequestBuilder,
    max_bytes: usize,
    target: &RegistryTarget,
) -> Result<Answer, RegistryError> {
    signed_requests::receive(request, max_bytes).await.map_err(|error| incomplete(target, error))
}

/// What it means that there is no whole answer.
pub(crate) fn incomplete(target: &RegistryTarget, error: Incomplete) -> RegistryError {
    match error {
        Incomplete::Lost(error) => unavailable(target).caused_by(error),
        Incomplete::TooLarge => {
            RegistryError::new(target.clone(), RegistryErrorKind::Unusable).caused_by(Cause::TooLarge)
        }
    }
}

pub(crate) fn unavailable(target: &RegistryTarget) -> RegistryError {
    RegistryError::new(target.clone(), RegistryErrorKind::Unavailable)
}

/// How often and for how long a request is tried. Little, on purpose: the reader of a record tries again by its own rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryLimits {
    pub(crate) rounds: u32,
    pub(crate) max_pause: Duration,
    pub(crate) timeout: Duration,
}

impl RetryLimits {
    /// Tries a request until it is answered or the limits are reached.
    ///
    /// Boxed, because a future that is generic over closures that are `async` could not be shown to be `Send`.
    pub(crate) async fn run<'q, T>(
        self,
        target: &RegistryTarget,
        attempt: impl Fn() -> BoxFuture<'q, Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let deadline = Instant::now() + self.timeout;
        let answer = timeout_at(deadline, async {
            let mut round = 1;
            loop {
                let error = match attempt().await {
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
        answer.await.unwrap_or_else(|_| Err(unavailable(target).caused_by(Cause::TimedOut)))
    }
}
