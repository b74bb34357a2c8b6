//! A proxy in front of the AWS emulator that fails, holds or cuts off chosen requests.
//!
//! A function reaches it through `AWS_ENDPOINT_URL`. Tests arm named failpoints and wait until one is reached, so that
//! they can kill the function at exactly that point: no sleeping, no luck.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::loopback::loopback_client;

/// Far more than any request takes; it turns a test that would hang into one that says why.
const REACHED_WITHIN: Duration = Duration::from_secs(30);

/// Where in a request's life a failpoint sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request has arrived; AWS has not seen it.
    Before,
    /// AWS has done as asked; the function has no answer yet.
    After,
}

/// What happens at a failpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The function gets this answer. AWS may have done as asked all the same: see [`When`].
    Answer(Answer),
    /// The connection closes without an answer.
    Drop,
    /// Nothing happens until [`Armed::release`]; then all goes on as if nothing had been.
    Hold,
    /// The connection closes without an answer, and the request is still on its way: it arrives when [`Armed::land`]
    /// lets it, whatever its sender has done since. For [`When::Before`].
    Late,
}

/// An answer in place of AWS's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    error: &'static str,
    message: &'static str,
}

impl Answer {
    /// An error of a service by its HTTP status, its name and its text.
    pub const fn error(status: u16, error: &'static str, message: &'static str) -> Self {
        Answer { status, error, message }
    }

    /// DynamoDB and SQS: slow down.
    pub const THROTTLED: Answer = Answer { status: 400, error: "ThrottlingException", message: "Rate exceeded" };
    /// SES: slow down.
    pub const TOO_MANY_REQUESTS: Answer =
        Answer { status: 429, error: "TooManyRequestsException", message: "Too many requests have been made" };
    /// SES: not to this recipient.
    pub const MESSAGE_REJECTED: Answer =
        Answer { status: 400, error: "MessageRejected", message: "Address is on the suppression list" };
    /// Any service: not now.
    pub const UNAVAILABLE: Answer = Answer { status: 503, error: "ServiceUnavailable", message: "Try again later" };
    /// Any service: broken.
    pub const INTERNAL_ERROR: Answer =
        Answer { status: 500, error: "InternalFailure", message: "The request processing has failed" };
}

/// A fault to inject.
#[derive(Debug, Clone)]
pub struct Failpoint {
    name: String,
    operation: &'static str,
    when: When,
    action: Action,
    containing: Option<String>,
    times: Option<u64>,
}

impl Failpoint {
    /// A failpoint at every request of an operation, for example `PutItem`, `SendMessage` or `SendEmail`.
    pub fn new(name: impl Into<String>, operation: &'static str, when: When, action: Action) -> Self {
        Failpoint { name: name.into(), operation, when, action, containing: None, times: None }
    }

    /// Only at requests whose body holds this text.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = Some(text.into());
        self
    }

    /// Only at the first `times` of them; the others pass.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn concerns(&self, operation: &str, body: &[u8]) -> bool {
        self.operation == operation
            && self.containing.as_ref().is_none_or(|text| String::from_utf8_lossy(body).contains(text.as_str()))
    }
}

/// A failpoint in force. It stays so until [`Armed::disarm`], also when this handle is dropped.
#[derive(Debug, Clone)]
pub struct Armed(Arc<Point>);

#[derive(Debug)]
struct Point {
    failpoint: Failpoint,
    hits: watch::Sender<u64>,
    released: watch::Sender<bool>,
    landed: watch::Sender<bool>,
    disarmed: AtomicBool,
}

impl Armed {
    /// Waits until a request has reached the failpoint for the first time.
    ///
    /// # Errors
    /// When none has within 30 seconds.
    pub async fn reached(&self) -> Result<(), NotReached> {
        let mut hits = self.0.hits.subscribe();
        let reached = tokio::time::timeout(REACHED_WITHIN, hits.wait_for(|hits| *hits > 0)).await;
        reached.map(drop).map_err(|_| NotReached(self.0.failpoint.name.clone()))
    }

    /// How many requests have reached it.
    pub fn hits(&self) -> u64 {
        *self.0.hits.borrow()
    }

    /// Lets a request arrive that is [late](Action::Late), and waits until AWS has answered it.
    ///
    /// # Errors
    /// When none has arrived within 30 seconds.
    pub async fn land(&self) -> Result<(), NotReached> {
        self.release();
        let mut landed = self.0.landed.subscribe();
        let landed = tokio::time::timeout(REACHED_WITHIN, landed.wait_for(|landed| *landed)).await;
        landed.map(drop).map_err(|_| NotReached(self.0.failpoint.name.clone()))
    }

    /// Lets what is held go on, and holds nothing from now on.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// Takes the failpoint out of force. What it holds stays held until it is released or its client is gone.
    pub fn disarm(&self) {
        self.0.disarmed.store(true, Ordering::SeqCst);
    }
}

/// No request came that far.
#[derive(Debug, thiserror::Error)]
#[error("no request reached the failpoint {0:?} within {REACHED_WITHIN:?}")]
pub struct NotReached(String);

impl Point {
    /// Counts the request and says whether the failpoint acts on it.
    fn hit(&self) -> bool {
        let mut acts = false;
        self.hits.send_if_modified(|hits| {
            acts = self.failpoint.times.is_none_or(|times| *hits < times);
            *hits += u64::from(acts);
            acts
        });
        acts
    }
}

/// The proxy on a loopback port of its own. It ends with this value.
#[derive(Debug)]
pub struct FaultProxy {
    endpoint: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    upstream: String,
    http: reqwest::Client,
    points: Mutex<Vec<Arc<Point>>>,
    calls: Mutex<Vec<String>>,
}

/// The proxy could not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port.
    #[error("no loopback port to be had")]
    Port(#[from] std::io::Error),
    /// No HTTP client.
    #[error("no HTTP client to be had")]
    Client(#[from] reqwest::Error),
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, a URL.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(upstream: &str) -> Result<Self, ProxyError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            http: loopback_client()?,
            points: Mutex::default(),
            calls: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(FaultProxy { endpoint, state, server })
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Puts a failpoint in force. Where several concern a request, the one that was armed first acts.
    pub fn arm(&self, failpoint: Failpoint) -> Armed {
        let point = Arc::new(Point {
            failpoint,
            hits: watch::Sender::new(0),
            released: watch::Sender::new(false),
            landed: watch::Sender::new(false),
            disarmed: AtomicBool::new(false),
        });
        lock(&self.state.points).push(Arc::clone(&point));
        Armed(point)
    }

    /// How many requests of an operation have arrived.
    pub fn calls(&self, operation: &str) -> usize {
        lock(&self.state.calls).iter().filter(|call| *call == operation).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // Dropped with this task, which closes every connection.
    let mut connections = JoinSet::new();
    while let Ok((connection, _)) = listener.accept().await {
        connections.spawn(converse(connection, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(connection: TcpStream, state: Arc<State>) {
    let service = service_fn(|request| answer(Arc::clone(&state), request));
    // An error is a connection that was cut off, by a client or by us.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

/// Makes hyper close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut off on purpose")]
struct CutOff;

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, CutOff> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| CutOff)?.to_bytes();
    let operation = operation(&head);
    lock(&state.calls).push(operation.clone());
    if let Some(answer) = state.interfere(When::Before, &operation, &head, &body).await? {
        return Ok(answer);
    }
    let answer = state.forward(&head, body.clone()).await;
    Ok(state.interfere(When::After, &operation, &head, &body).await?.unwrap_or(answer))
}

/// `PutItem` of `DynamoDB_20120810.PutItem`; `SendEmail` for SES, which has paths in place of a header.
fn operation(head: &hyper::http::request::Parts) -> String {
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    match target {
        Some(target) => target.rsplit('.').next().unwrap_or(target).to_owned(),
        None if head.uri.path() == "/v2/email/outbound-emails" => "SendEmail".to_owned(),
        None => format!("{} {}", head.method, head.uri.path()),
    }
}

impl State {
    /// The answer that a failpoint gives, if one concerns the request and gives one.
    async fn interfere(
        self: &Arc<Self>,
        when: When,
        operation: &str,
        head: &hyper::http::request::Parts,
        body: &Bytes,
    ) -> Result<Option<Response<Full<Bytes>>>, CutOff> {
        let point = lock(&self.points)
            .iter()
            .find(|point| {
                let failpoint = &point.failpoint;
                failpoint.when == when
                    && !point.disarmed.load(Ordering::SeqCst)
                    && failpoint.concerns(operation, body)
                    && point.hit()
            })
            .map(Arc::clone);
        let Some(point) = point else { return Ok(None) };
        match &point.failpoint.action {
            Action::Answer(answer) => Ok(Some(answer.response())),
            Action::Drop => Err(CutOff),
            Action::Hold => {
                // The sender lives in the point that we hold, so waiting cannot fail.
                let _ = point.released.subscribe().wait_for(|released| *released).await;
                Ok(None)
            }
            Action::Late => {
                let (state, head, body) = (Arc::clone(self), head.clone(), body.clone());
                tokio::spawn(async move {
                    let _ = point.released.subscribe().wait_for(|released| *released).await;
                    state.forward(&head, body).await;
                    point.landed.send_replace(true);
                });
                Err(CutOff)
            }
        }
    }

    async fn forward(&self, head: &hyper::http::request::Parts, body: Bytes) -> Response<Full<Bytes>> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers.clone();
        for hop in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(hop);
        }
        let request = self.http.request(head.method.clone(), format!("{}{path}", self.upstream));
        match exchange(request.headers(headers).body(body)).await {
            Ok(answer) => answer,
            Err(_) => Answer::UNAVAILABLE.response(),
        }
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> reqwest::Result<Response<Full<Bytes>>> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Full::new(answer.bytes().await?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    for hop in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        response.headers_mut().remove(hop);
    }
    Ok(response)
}

impl Answer {
    /// In both dialects: AWS JSON has the error's name in the body, REST JSON in a header.
    fn response(&self) -> Response<Full<Bytes>> {
        let body = serde_json::json!({"__type": self.error, "message": self.message});
        let response = Response::builder()
            .status(self.status)
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amzn-errortype", self.error)
            .body(Full::new(Bytes::from(body.to_string())));
        response.unwrap_or_default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every request with `done` and counts them.
    async fn upstream() -> (String, Arc<Mutex<u32>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&count);
        let routes = axum::Router::new().fallback(move || async move {
            *lock(&counter) += 1;
            "done"
        });
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (url, count)
    }

    async fn put(endpoint: &str) -> reqwest::Result<(u16, String)> {
        let request = loopback_client()?.post(endpoint).header("X-Amz-Target", "DynamoDB_20120810.PutItem");
        let answer = request.body("{\"pk\":1}").send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    #[tokio::test]
    async fn what_nobody_armed_passes() {
        let (url, count) = upstream().await;
        let proxy = FaultProxy::start(&url).await.unwrap();
        proxy.arm(Failpoint::new("other", "GetItem", When::Before, Action::Drop));
        proxy.arm(Failpoint::new("else", "PutItem", When::Before, Action::Drop).containing("pk\":2"));
        assert_eq!(put(proxy.endpoint()).await.unwrap(), (200, "done".to_owned()));
        assert_eq!((*lock(&count), proxy.calls("PutItem")), (1, 1));
    }

    #[tokio::test]
    async fn an_answer_comes_the_given_number_of_times() {
        let (url, count) = upstream().await;
        let proxy = FaultProxy::start(&url).await.unwrap();
        let throttled = Action::Answer(Answer::THROTTLED);
        let armed = proxy.arm(Failpoint::new("throttled", "PutItem", When::Before, throttled).times(2));
        for _ in 0..2 {
            let (status, body) = put(proxy.endpoint()).await.unwrap();
            assert!(status == 400 && body.contains("ThrottlingException"), "{status} {body}");
        }
        assert_eq!(put(proxy.endpoint()).await.unwrap().0, 200);
        assert_eq!((*lock(&count), armed.hits()), (1, 2));
    }

    #[tokio::test]
    async fn a_dropped_answer_leaves_the_deed_done_and_a_dropped_request_does_not() {
        for (when, done) in [(When::Before, 0), (When::After, 1)] {
            let (url, count) = upstream().await;
            let proxy = FaultProxy::start(&url).await.unwrap();
            proxy.arm(Failpoint::new("lost", "PutItem", when, Action::Drop));
            put(proxy.endpoint()).await.unwrap_err();
            assert_eq!(*lock(&count), done);
        }
    }

    #[tokio::test]
    async fn what_is_held_goes_on_when_released() {
        let (url, count) = upstream().await;
        let proxy = FaultProxy::start(&url).await.unwrap();
        let armed = proxy.arm(Failpoint::new("held", "PutItem", When::After, Action::Hold));
        let endpoint = proxy.endpoint().to_owned();
        let request = tokio::spawn(async move { put(&endpoint).await.unwrap() });
        armed.reached().await.unwrap();
        assert!(*lock(&count) == 1 && !request.is_finished());
        armed.release();
        assert_eq!(request.await.unwrap().0, 200);
    }

    #[tokio::test]
    async fn a_client_that_dies_while_held_before_has_asked_for_nothing() {
        let (url, count) = upstream().await;
        let proxy = FaultProxy::start(&url).await.unwrap();
        let armed = proxy.arm(Failpoint::new("held", "PutItem", When::Before, Action::Hold));
        let endpoint = proxy.endpoint().to_owned();
        let request = tokio::spawn(async move { put(&endpoint).await });
        armed.reached().await.unwrap();
        armed.disarm();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        put(proxy.endpoint()).await.unwrap();
        assert_eq!(*lock(&count), 1);
    }
}
