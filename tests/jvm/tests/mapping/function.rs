//! A function behind an Invoke endpoint that answers as `cargo lambda watch` does, and remembers what it was invoked with.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a test waits for something that has to happen.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

/// A record, as the function gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Got {
    pub(crate) partition: i64,
    pub(crate) offset: i64,
    pub(crate) value: String,
}

/// What the function does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Returns,
    Fails,
    TimesOut,
    Throttled,
}

type Decide = Box<dyn Fn(&[Got]) -> Answer + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Function(Arc<Inner>);

struct Inner {
    url: String,
    decide: Decide,
    /// Whether invocations may end.
    open: watch::Sender<bool>,
    /// The function's name and its records, in the order of the invocations' beginnings.
    invoked: watch::Sender<Vec<(String, Vec<Got>)>>,
    /// Records of invocations that returned: partition and offset.
    finished: Mutex<BTreeSet<(i64, i64)>>,
}

impl Function {
    pub(crate) async fn start(decide: impl Fn(&[Got]) -> Answer + Send + Sync + 'static) -> Self {
        Self::at(0, decide).await
    }

    pub(crate) async fn at(port: u16, decide: impl Fn(&[Got]) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let function = Function(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr().unwrap()),
            decide: Box::new(decide),
            open: watch::Sender::new(true),
            invoked: watch::Sender::new(Vec::new()),
            finished: Mutex::default(),
        }));
        let app = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke));
        let app = app.layer(axum::extract::DefaultBodyLimit::disable()).with_state(function.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        function
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// Holds invocations until they are let go.
    pub(crate) fn hold(&self, hold: bool) {
        self.0.open.send_replace(!hold);
    }

    /// Waits until the invocations are as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[(String, Vec<Got>)]) -> bool) {
        let mut invoked = self.0.invoked.subscribe();
        let waiting = tokio::time::timeout(WITHIN, invoked.wait_for(|invoked| wanted(invoked))).await;
        assert!(waiting.is_ok(), "{what}: the invocations were {:?}", self.invoked());
    }

    /// Waits until it was invoked with as many different records.
    pub(crate) async fn until_different(&self, records: usize) {
        self.until(&format!("{records} different records"), |invoked| different(invoked) >= records).await;
    }

    pub(crate) fn invoked(&self) -> Vec<(String, Vec<Got>)> {
        self.0.invoked.borrow().clone()
    }

    /// All records in the order of the invocations.
    pub(crate) fn records(&self) -> Vec<Got> {
        self.invoked().into_iter().flat_map(|(_, records)| records).collect()
    }

    /// Whether every record of a partition before this offset is in an invocation that has returned.
    pub(crate) fn has_finished(&self, partition: i64, before: i64) -> bool {
        let finished = self.0.finished.lock().unwrap();
        (0..before).all(|offset| finished.contains(&(partition, offset)))
    }
}

/// How many different records the invocations had.
pub(crate) fn different(invoked: &[(String, Vec<Got>)]) -> usize {
    let records = invoked.iter().flat_map(|(_, records)| records);
    records.map(|got| (got.partition, got.offset)).collect::<BTreeSet<_>>().len()
}

async fn invoke(
    State(function): State<Function>,
    Path(name): Path<String>,
    body: axum::body::Bytes,
) -> (StatusCode, String) {
    let got = got(&body);
    let answer = (function.0.decide)(&got);
    function.0.invoked.send_modify(|invoked| invoked.push((name, got.clone())));
    // The sender is part of the state.
    let _ = function.0.open.subscribe().wait_for(|open| *open).await;
    match answer {
        Answer::Returns => {
            let mut finished = function.0.finished.lock().unwrap();
            finished.extend(got.iter().map(|got| (got.partition, got.offset)));
            (StatusCode::OK, "null".to_owned())
        }
        Answer::Fails => {
            let error = json!({"errorType": "Poison", "errorMessage": "a record that cannot be used"});
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
        Answer::TimesOut => (StatusCode::REQUEST_TIMEOUT, String::new()),
        Answer::Throttled => (StatusCode::TOO_MANY_REQUESTS, String::new()),
    }
}

fn got(event: &[u8]) -> Vec<Got> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let record = |record: &Value| {
        let value = base64_simd::STANDARD.decode_to_vec(record["value"].as_str().unwrap()).unwrap();
        Got {
            partition: record["partition"].as_i64().unwrap(),
            offset: record["offset"].as_i64().unwrap(),
            value: String::from_utf8(value).unwrap(),
        }
    };
    let partitions = event["records"].as_object().unwrap().values();
    partitions.flat_map(|records| records.as_array().unwrap().iter().map(record)).collect()
}
