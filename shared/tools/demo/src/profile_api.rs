//! A small fake of the profile API: a feed of changes by cursor, with versions of pages, a token, and faults on demand.
//!
//! Its protocol is described in `functions/publish-profile-updates/README.md`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The token that the API accepts until [`ProfileApi::rotate_token`].
pub const PROFILE_API_TOKEN: &str = "local-profile-token";

/// How the API fails a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiFault {
    /// HTTP 429 with a `Retry-After` as it stands here: seconds, or a date.
    Busy(String),
    /// This status, with nothing else.
    Status(u16),
    /// HTML in place of a page.
    Garbage,
    /// A redirect to another address.
    Redirect(String),
}

/// One request to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// The cursor.
    pub after: Option<String>,
    /// The version that the client knows.
    pub if_none_match: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

/// The API on a loopback port. It ends with this value.
#[derive(Debug)]
pub struct ProfileApi {
    url: String,
    feed: Arc<Mutex<Feed>>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Feed {
    changes: Vec<Value>,
    token: String,
    faults: VecDeque<ApiFault>,
    requests: Vec<ApiRequest>,
    /// The version of every page; with `None` each page has its own.
    version: Option<String>,
}

impl ProfileApi {
    /// Serves a feed that begins with `changes` (see [`profile_change`]). A null takes a place in
    /// the feed but is hidden, like a change that the token may not read: a page can be empty and be followed by others.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(changes: Vec<Value>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let token = PROFILE_API_TOKEN.to_owned();
        let feed = Feed { changes, token, faults: VecDeque::new(), requests: Vec::new(), version: None };
        let feed = Arc::new(Mutex::new(feed));
        let routes = Router::new().route("/v1/profile-changes", get(page)).with_state(Arc::clone(&feed));
        let server = tokio::spawn(async move {
            // It serves until it is aborted; an error of one connection does not end it.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(ProfileApi { url, feed, server })
    }

    /// The address, for `PROFILE_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a change to the end of the feed.
    pub fn push(&self, change: Value) {
        lock(&self.feed).changes.push(change);
    }

    /// Fails the next requests, one each, in this order.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = ApiFault>) {
        lock(&self.feed).faults.extend(faults);
    }

    /// Gives every page the same version from now on, as some APIs do.
    pub fn version_all_pages(&self, version: &str) {
        lock(&self.feed).version = Some(version.to_owned());
    }

    /// Accepts another token from now on.
    pub fn rotate_token(&self, token: &str) {
        token.clone_into(&mut lock(&self.feed).token);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<ApiRequest> {
        lock(&self.feed).requests.clone()
    }
}

impl Drop for ProfileApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A change of a user's profile as the API returns it; `number` is its place among all changes, from 1.
pub fn profile_change(number: u64, user: &str, revision: u64) -> Value {
    json!({
        "id": format!("chg-{number:06}"),
        "user_id": user,
        "changed_at": format!("2026-11-20T10:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "changed_by": user,
        "origin": "settings-page",
        "revision": revision,
        "changes": [{"field": "display_name", "before": format!("Name {}", revision - 1), "after": format!("Name {revision}")}],
    })
}

#[derive(Default)]
struct Question {
    after: Option<String>,
    limit: Option<usize>,
}

impl Question {
    fn of(uri: &Uri) -> Self {
        let mut question = Question::default();
        let Ok(url) = reqwest::Url::parse(&format!("http://127.0.0.1/?{}", uri.query().unwrap_or_default())) else {
            return question;
        };
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "after" => question.after = Some(value.into_owned()),
                "limit" => question.limit = value.parse().ok(),
                _ => {}
            }
        }
        question
    }
}

async fn page(State(feed): State<Arc<Mutex<Feed>>>, uri: Uri, headers: HeaderMap) -> Response {
    let question = Question::of(&uri);
    let mut feed = lock(&feed);
    let answer = feed.answer(&question, &headers);
    let if_none_match = headers.get(IF_NONE_MATCH).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    feed.requests.push(ApiRequest { after: question.after, if_none_match, status: answer.status().as_u16() });
    answer
}

impl Feed {
    fn answer(&mut self, question: &Question, headers: &HeaderMap) -> Response {
        if let Some(fault) = self.faults.pop_front() {
            return fault.response();
        }
        let token = format!("Bearer {}", self.token);
        if headers.get(AUTHORIZATION).is_none_or(|given| given.as_bytes() != token.as_bytes()) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        // A cursor is the number of changes before it; clients must not interpret it.
        let from = match question.after.as_deref().map(|cursor| cursor.strip_prefix("c-").map(str::parse::<usize>)) {
            None => 0,
            Some(Some(Ok(from))) if from <= self.changes.len() => from,
            Some(_) => return StatusCode::GONE.into_response(),
        };
        let until = self.changes.len().min(from.saturating_add(question.limit.unwrap_or(100)));
        let has_more = until < self.changes.len();
        let etag = self.version.clone().unwrap_or_else(|| format!("\"{from}-{until}-{has_more}\""));
        if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
        }
        let changes = self.changes.get(from..until).unwrap_or_default().iter().filter(|change| !change.is_null());
        let changes: Vec<_> = changes.collect();
        let body = json!({"changes": changes, "next": format!("c-{until}"), "has_more": has_more});
        ([(ETAG, etag)], Json(body)).into_response()
    }
}

impl ApiFault {
    fn response(self) -> Response {
        match self {
            ApiFault::Busy(wait) => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, wait)]).into_response(),
            ApiFault::Status(status) => {
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
            }
            ApiFault::Garbage => "<html>maintenance</html>".into_response(),
            ApiFault::Redirect(to) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
        }
    }
}

fn lock(feed: &Mutex<Feed>) -> MutexGuard<'_, Feed> {
    feed.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(api: &ProfileApi, query: &str, known: Option<&str>) -> (u16, Option<String>, Value) {
        let url = format!("{}/v1/profile-changes{query}", api.url());
        let mut request =
            reqwest::Client::builder().no_proxy().build().unwrap().get(url).bearer_auth(PROFILE_API_TOKEN);
        if let Some(known) = known {
            request = request.header("If-None-Match", known);
        }
        let answer = request.send().await.unwrap();
        let etag = answer.headers().get("ETag").map(|etag| etag.to_str().unwrap().to_owned());
        (answer.status().as_u16(), etag, answer.json().await.unwrap_or_default())
    }

    #[tokio::test]
    async fn a_feed_is_read_page_by_page_and_its_end_has_a_version() {
        let api =
            ProfileApi::start((1..=3).map(|number| profile_change(number, "u-1", number)).collect()).await.unwrap();
        let (_, _, first) = ask(&api, "?limit=2", None).await;
        assert_eq!((first["changes"].as_array().unwrap().len(), &first["has_more"]), (2, &json!(true)));
        let (_, _, second) = ask(&api, "?limit=2&after=c-2", None).await;
        assert_eq!((&second["changes"][0]["id"], &second["next"]), (&json!("chg-000003"), &json!("c-3")));
        let (_, etag, _) = ask(&api, "?limit=2&after=c-3", None).await;
        assert_eq!(ask(&api, "?limit=2&after=c-3", etag.as_deref()).await.0, 304);
        api.push(profile_change(4, "u-1", 4));
        assert_eq!(ask(&api, "?limit=2&after=c-3", etag.as_deref()).await.0, 200);
        assert_eq!(ask(&api, "?after=c-99", None).await.0, 410);
    }

    #[tokio::test]
    async fn hidden_changes_leave_empty_pages_and_all_pages_may_share_a_version() {
        let changes = vec![Value::Null, Value::Null, profile_change(3, "u-1", 3)];
        let api = ProfileApi::start(changes).await.unwrap();
        api.version_all_pages("\"feed-1\"");
        let (_, etag, first) = ask(&api, "?limit=2", None).await;
        assert_eq!(first, json!({"changes": [], "next": "c-2", "has_more": true}));
        assert_eq!(etag.as_deref(), Some("\"feed-1\""));
        assert_eq!(ask(&api, "?limit=2&after=c-2", etag.as_deref()).await.0, 304);
    }

    #[tokio::test]
    async fn it_fails_on_request_and_then_serves_again() {
        let api = ProfileApi::start(Vec::new()).await.unwrap();
        api.fail_next([ApiFault::Busy("7".to_owned()), ApiFault::Status(503)]);
        let statuses = [ask(&api, "", None).await.0, ask(&api, "", None).await.0, ask(&api, "", None).await.0];
        assert_eq!(statuses, [429, 503, 200]);
        api.rotate_token("another");
        assert_eq!(ask(&api, "", None).await.0, 401);
        assert_eq!(api.requests().len(), 4);
    }
}
