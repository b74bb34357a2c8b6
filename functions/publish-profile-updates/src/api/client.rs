//! The HTTP client of the API: requests pages with a token and a timeout, retries, and waits when the API asks for it.

use std::time::Duration;

use event_functions::{Deadline, Secret};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use url::Url;

use super::Feed;
use super::error::ApiError;
use super::page::{Body, Fetched, Page, PageVersion};
use crate::cursor::Position;

/// Tries for one page, including the first.
const TRIES: u32 = 3;
/// The pause before the second try; it doubles, with up to half of it on top.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How long to wait where the API does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that is accepted: a wrong date must not stop publishing for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);
/// A page of 1,000 changes is well below.
const MAX_BODY: usize = 16 << 20;

/// Settings of the API's client.
#[derive(Debug, Clone)]
pub(crate) struct ApiSettings {
    /// Its base address; the feed is at `v1/profile-changes` under it.
    pub(crate) url: String,
    /// Changes a page.
    pub(crate) page_size: u32,
    /// The most that one request may take, including the connection and the body.
    pub(crate) timeout: Duration,
}

impl ApiSettings {
    /// The most that a page may take, with all tries and the pauses between them.
    pub(crate) fn page_timeout(&self) -> Duration {
        self.timeout * TRIES + FIRST_PAUSE * 6
    }
}

/// Why the client cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiSettingsError {
    /// The address cannot be read.
    #[error("PROFILE_API_URL is not an address")]
    Url(#[from] url::ParseError),
    /// TLS cannot be set up.
    #[error("the HTTP client of the profile API cannot be built")]
    Client(#[from] reqwest::Error),
}

/// The API.
pub(crate) struct ProfileApi {
    http: Client,
    feed: Url,
    settings: ApiSettings,
    token: Secret,
}

impl ProfileApi {
    /// A client that has requested nothing yet.
    ///
    /// # Errors
    /// When the address cannot be read, or TLS cannot be set up.
    pub(crate) fn new(settings: ApiSettings, token: Secret) -> Result<Self, ApiSettingsError> {
        let mut feed = Url::parse(&settings.url)?;
        let http = Client::builder()
            // The token is for this address alone.
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            .build()?;
        if let Ok(mut path) = feed.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "profile-changes"]);
        }
        Ok(ProfileApi { http, feed, settings, token })
    }

    /// Retries where nothing answered or the API failed.
    async fn page(&self, position: &Position, deadline: Deadline) -> Result<Fetched, ApiError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        let mut rotated = false;
        loop {
            let token = self.token.expose();
            let failed = match self.ask(position, &token).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            // It may have been replaced.
            if matches!(failed, ApiError::Denied(_)) && !rotated && tries < TRIES {
                rotated = self.token.refused(&token).await?;
                if rotated && deadline.allows(self.settings.timeout) {
                    tries += 1;
                    continue;
                }
            }
            let jittered = pause + pause.mul_f64(fastrand::f64() / 2.0);
            if !failed.may_pass() || tries == TRIES || !deadline.allows(jittered + self.settings.timeout) {
                return Err(failed);
            }
            tokio::time::sleep(jittered).await;
            pause *= 2;
            tries += 1;
        }
    }

    async fn ask(&self, position: &Position, token: &str) -> Result<Fetched, ApiError> {
        let mut url = self.feed.clone();
        url.query_pairs_mut().append_pair("limit", &self.settings.page_size.to_string());
        if let Some(cursor) = &position.cursor {
            url.query_pairs_mut().append_pair("after", cursor);
        }
        let known = position.version.as_ref().filter(|known| known.url == url.as_str());
        let mut request = self.http.get(url.clone()).header(ACCEPT, "application/json").bearer_auth(token);
        if let Some(known) = known {
            request = request.header(IF_NONE_MATCH, &known.etag);
        }
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        match status {
            StatusCode::OK => page(response, url, position).await.map(Fetched::Page),
            // Only a request with a version may be answered so.
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Fetched::NotModified),
            StatusCode::TOO_MANY_REQUESTS => Ok(Fetched::Wait(asked_wait(&response).unwrap_or(DEFAULT_WAIT))),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ApiError::Denied(status.as_u16())),
            StatusCode::GONE => Err(ApiError::CursorGone),
            // A failure that names a time is a request to wait.
            failing if failing.is_server_error() => match asked_wait(&response) {
                Some(wait) => Ok(Fetched::Wait(wait)),
                None => Err(ApiError::Failing(failing.as_u16())),
            },
            other => Err(ApiError::Refused(other.as_u16())),
        }
    }
}

impl Feed for ProfileApi {
    fn page<'a>(&'a self, position: &'a Position, deadline: Deadline) -> BoxFuture<'a, Result<Fetched, ApiError>> {
        self.page(position, deadline).boxed()
    }
}

async fn page(mut response: Response, url: Url, position: &Position) -> Result<Page, ApiError> {
    let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let version = etag.map(|etag| PageVersion { url: url.into(), etag });
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if text.len() + chunk.len() > MAX_BODY {
            return Err(ApiError::TooLarge(MAX_BODY));
        }
        text.extend_from_slice(&chunk);
    }
    let body: Body = serde_json::from_slice(&text)
        .map_err(|error| ApiError::Unreadable { line: error.line(), column: error.column() })?;
    if body.has_more && position.cursor.as_ref() == Some(&body.next) {
        return Err(ApiError::Stuck);
    }
    Ok(Page { items: body.changes, next: body.next, has_more: body.has_more, version })
}

/// Without the URL: its query holds the cursor, which does not belong into logs.
fn no_answer(error: reqwest::Error) -> ApiError {
    let error = error.without_url();
    if error.is_connect() { ApiError::Unreachable(error) } else { ApiError::NoAnswer(error) }
}

fn asked_wait(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    wait_of(text, Timestamp::now()).map(|wait| wait.min(LONGEST_WAIT))
}

/// Seconds, or an HTTP date (RFC 9110, section 10.2.3).
fn wait_of(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use event_functions::Failure;
    use event_functions::environment::{Env, secret};

    use super::*;
    use crate::vault::{ARN, Vault};

    /// An API that answers with these statuses one after the other. Its address, and how often it was asked.
    fn answering(statuses: &'static [u16]) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (status, connection) in statuses.iter().zip(listener.incoming()) {
                let mut connection = connection.unwrap();
                let _ = connection.read(&mut [0; 4096]).unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                connection.write_all(answer.as_bytes()).unwrap();
            }
        });
        (url, asked)
    }

    #[tokio::test]
    async fn a_page_takes_three_requests_at_most_with_a_rotated_token_too() {
        for (statuses, code) in [
            (&[500, 401, 500, 500][..], "profile_api_failing"),
            (&[401, 401, 500, 500], "profile_api_denied"),
            (&[500, 500, 401, 500], "profile_api_denied"),
        ] {
            let (url, asked) = answering(statuses);
            let vault = Vault::holding("first");
            let env = Env::from_pairs([("TOKEN_SECRET_ARN", ARN)]);
            let token = env.read(|env| env.required("TOKEN", "", secret())).unwrap();
            env.secrets().fill(Arc::new(vault.clone())).await.unwrap();
            vault.set(Some("second"));
            let settings = ApiSettings { url, page_size: 1, timeout: Duration::from_secs(5) };
            let api = ProfileApi::new(settings, token).unwrap();
            let error = api.page(&Position::default(), Deadline::unknown()).await.unwrap_err();
            let most = if statuses[..2] == [401, 401] { 2 } else { 3 };
            assert_eq!((error.code(), asked.load(Ordering::SeqCst)), (code, most), "{statuses:?}");
        }
    }

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        assert_eq!(wait_of("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait_of("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(37)));
        assert_eq!(wait_of("Sun, 06 Nov 1994 08:48:37 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait_of("soon", now), None);
    }
}
