//! The proxy: forwards each request to the emulator, and lets the failpoints in force act before and after.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::failpoint::{Action, Answer, Armed, Failpoint, Point, When};
use crate::loopback::loopback_client;

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
    #[error("no loopback port is free")]
    Port(#[from] std::io::Error),
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, a URL.
    ///
    /// # Errors
    /// When no port is free.
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

    /// The address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Puts a failpoint in force. Where several concern a request, the one that was armed first acts.
    pub fn arm(&self, failpoint: Failpoint) -> Armed {
        let point = Arc::new(Point::new(failpoint));
        lock(&self.state.points).push(Arc::clone(&point));
        Armed(point)
    }

    /// How many requests of an operation have arrived.
    pub fn calls(&self, operation: &str) -> usize {
        lock(&self.state.calls).iter().filter(|call| *call == operation).count()
    }

    /// The operations of the requests that have arrived.
    pub fn operations(&self) -> BTreeSet<String> {
        lock(&self.state.calls).iter().cloned().collect()
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
            .find(|point| point.concerns(when, operation, body) && point.hit())
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
    async fn a_request_that_meets_no_failpoint_passes() {
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
    async fn a_request_whose_answer_is_dropped_was_still_carried_out() {
        for (when, done) in [(When::Before, 0), (When::After, 1)] {
            let (url, count) = upstream().await;
            let proxy = FaultProxy::start(&url).await.unwrap();
            proxy.arm(Failpoint::new("lost", "PutItem", when, Action::Drop));
            put(proxy.endpoint()).await.unwrap_err();
            assert_eq!(*lock(&count), done);
        }
    }

    #[tokio::test]
    async fn a_held_request_goes_on_when_released() {
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
    async fn a_request_held_before_is_lost_when_its_client_ends() {
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
