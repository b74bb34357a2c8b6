//! Failpoints: where a request is to fail, and the handle of one in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// Far longer than any request takes, so that a test fails with a reason instead of hanging.
const REACHED_WITHIN: Duration = Duration::from_secs(30);

/// Where in a request's life a failpoint sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request has arrived; AWS has not seen it.
    Before,
    /// AWS has carried out the request; the function has no answer yet.
    After,
}

/// What happens at a failpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The function gets this answer. AWS may have carried out the request all the same: see [`When`].
    Answer(Answer),
    /// The connection closes without an answer.
    Drop,
    /// The request waits until [`Armed::release`], then goes on unchanged.
    Hold,
    /// The connection closes without an answer, and the request is delayed: it reaches AWS when [`Armed::land`] lets it,
    /// even if its sender has ended since. For [`When::Before`].
    Late,
}

/// An answer in place of that of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) message: &'static str,
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
    pub(super) action: Action,
    containing: Option<String>,
    times: Option<u64>,
}

impl Failpoint {
    /// A failpoint at every request of an operation, for example `PutItem`, `SendMessage` or `SendEmail`.
    pub fn new(name: impl Into<String>, operation: &'static str, when: When, action: Action) -> Self {
        Failpoint { name: name.into(), operation, when, action, containing: None, times: None }
    }

    /// Only at requests whose body contains this text.
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
pub struct Armed(pub(super) Arc<Point>);

/// A failpoint and its state.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) failpoint: Failpoint,
    hits: watch::Sender<u64>,
    pub(super) released: watch::Sender<bool>,
    pub(super) landed: watch::Sender<bool>,
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

    /// Lets the held requests go on, and holds no more from now on.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// Takes the failpoint out of force. Held requests stay held until they are released or their client ends.
    pub fn disarm(&self) {
        self.0.disarmed.store(true, Ordering::SeqCst);
    }
}

/// No request reached the failpoint.
#[derive(Debug, thiserror::Error)]
#[error("no request reached the failpoint {0:?} within {REACHED_WITHIN:?}")]
pub struct NotReached(String);

impl Point {
    pub(super) fn new(failpoint: Failpoint) -> Self {
        Point {
            failpoint,
            hits: watch::Sender::new(0),
            released: watch::Sender::new(false),
            landed: watch::Sender::new(false),
            disarmed: AtomicBool::new(false),
        }
    }

    /// Whether it is in force and acts at this side of the request.
    pub(super) fn concerns(&self, when: When, operation: &str, body: &[u8]) -> bool {
        self.failpoint.when == when && !self.disarmed.load(Ordering::SeqCst) && self.failpoint.concerns(operation, body)
    }

    /// Counts the request; true when the failpoint acts on it.
    pub(super) fn hit(&self) -> bool {
        let mut acts = false;
        self.hits.send_if_modified(|hits| {
            acts = self.failpoint.times.is_none_or(|times| *hits < times);
            *hits += u64::from(acts);
            acts
        });
        acts
    }
}
