//! Whole answers of bounded size.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

/// A whole answer.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// Its body, which may contain secrets.
    pub body: Vec<u8>,
}

/// There is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum Incomplete {
    /// No connection, no answer in time, or half an answer.
    #[error("it gave no whole answer")]
    Lost(#[source] reqwest::Error),
    /// The answer is larger than allowed.
    #[error("its answer is too large")]
    TooLarge,
}

/// The body of a refusal by an AWS service.
#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "__type")]
    name: String,
}

impl Answer {
    /// The name of the exception, without its namespace. Most exceptions have status 400 and differ by this.
    pub fn exception(&self) -> Option<String> {
        let exception: Exception = serde_json::from_slice(&self.body).ok()?;
        // `com.amazonaws.glue#EntityNotFoundException:http://…`, or less of it.
        let name = exception.name.rsplit('#').next()?.split(':').next()?;
        Some(name.chars().filter(char::is_ascii_alphanumeric).take(60).collect())
    }
}

/// Sends a request and reads the answer, up to `max_bytes`.
///
/// # Errors
/// When there is no whole answer of that size.
pub async fn receive(request: RequestBuilder, max_bytes: usize) -> Result<Answer, Incomplete> {
    // Without the URL: a proxy's may contain credentials.
    let lost = |error: reqwest::Error| Incomplete::Lost(error.without_url());
    let mut response = request.send().await.map_err(lost)?;
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if body.len().saturating_add(chunk.len()) > max_bytes {
            return Err(Incomplete::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after, body })
}

/// Seconds only: no service that is asked this way sends a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
