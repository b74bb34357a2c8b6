//! The ports of the real redrive: the queue, the claims table and Lambda, each with its faults.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use event_runtime::{Answer as Answered, Clock, DeadLetter, DeadLetters, StoreError, UnixMillis};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redrive_core::{
    Entry, ForeignMessage, Invoked, Invoker, LetterQueue, Message, NotInvoked, ObjectError, Objects, Ports, Progress,
    QueueError, Redrive, Target, read_answer,
};
use tokio::sync::{mpsc, oneshot};

use super::clock::WorkerClock;
use super::failing_claims::FailingClaims;
use super::queue::where_of;
use super::scene::Scene;
use super::schedule::What;
use super::story::{Actor, Answer, Step};

/// How long another reader of the queue hides a message.
const LOOK: Duration = Duration::from_secs(60);
/// SQS returns at most ten messages.
const AT_A_TIME: usize = 10;
/// How long it waits when there is none.
const WAIT: Duration = Duration::from_secs(1);

/// A redrive whose process may end at any await point. `None` when it did.
pub(crate) async fn alive<T>(scene: &Scene, run: impl Future<Output = T>) -> Option<T> {
    let mut run = pin!(run);
    poll_fn(|cx| {
        if scene.decide_for(0, What::Redrive, 1) > 0 {
            scene.note(|| Step::note(Actor::Redrive, "is killed"));
            return Poll::Ready(None);
        }
        run.as_mut().poll(cx).map(Some)
    })
    .await
}

/// The redrive with all its ports.
pub(crate) fn redrive(scene: &Arc<Scene>, lambda: &Lambda) -> Redrive {
    let queue = Arc::new(FailingQueue(Arc::clone(scene)));
    let clock: Arc<dyn Clock> = Arc::new(WorkerClock { started: scene.started, ahead: Duration::ZERO });
    let claims = FailingClaims {
        scene: Arc::clone(scene),
        claims: scene.claims.clone(),
        clock: Arc::clone(&clock),
        earlier: false,
    };
    let ports = Ports {
        queue: queue.clone(),
        dead_letters: queue,
        objects: Arc::new(NoObjects),
        invoker: Arc::new(lambda.clone()),
        claims: Some(Arc::new(claims)),
        clock,
    };
    Redrive::new(ports, Duration::from_secs(30))
}

/// The queue, for the redrive.
struct FailingQueue(Arc<Scene>);

impl FailingQueue {
    /// The fate of a call: 1 it never arrives, 2 it is done and its answer lost, then `more` that depend on the call.
    async fn fate(&self, more: u32) -> u32 {
        self.0.network_delay_of(0).await;
        self.0.decide_for(0, What::Queue, 2 + more)
    }

    async fn answer<T>(&self, operation: &'static str, fate: u32, value: T) -> Result<T, QueueError> {
        self.0.network_delay_of(0).await;
        if fate == 1 || fate == 2 {
            let answer = if fate == 1 { Answer::NotArrived } else { Answer::Lost("done".to_owned()) };
            self.0.note(|| Step::call(Actor::Redrive, Actor::Letters, operation, answer));
            return Err(QueueError { operation, code: "no_answer".to_owned(), cause: None });
        }
        Ok(value)
    }

    async fn receive(&self, hide: Duration) -> Result<Vec<Message>, QueueError> {
        const OPERATION: &str = "receive";
        let scene = &self.0;
        // 3: another reader has just received the oldest message, 4: the newest, 5: this answer has no messages, 6: a
        // hidden message is returned again.
        let fate = self.fate(4).await;
        let received = scene.queue(|queue| {
            let mut visible = queue.visible();
            let taken = match fate {
                1 | 5 => return Vec::new(),
                3 if !visible.is_empty() => Some(visible.remove(0)),
                4 => visible.pop(),
                _ => None,
            };
            taken.and_then(|number| queue.receive(number, LOOK));
            if fate == 6 {
                visible.extend(queue.all().into_iter().find(|number| !visible.contains(number)));
            }
            visible.truncate(AT_A_TIME);
            visible.into_iter().filter_map(|number| queue.receive(number, hide)).collect()
        });
        if fate == 3 || fate == 4 {
            scene.note(|| Step::note(Actor::Letters, "somebody reads a message in the console, which hides it"));
        }
        if received.is_empty() {
            tokio::time::sleep(WAIT).await;
        } else {
            let messages = received.len();
            scene.note(|| {
                Step::call(Actor::Redrive, Actor::Letters, OPERATION, Answer::Received(format!("messages: {messages}")))
            });
        }
        let message = |received: super::queue::Received| Message {
            id: received.number.to_string(),
            receipt: received.receipt.to_string(),
            body: received.body,
            sent_ms: None,
        };
        self.answer(OPERATION, fate, received.into_iter().map(message).collect()).await
    }

    async fn hide(&self, receipts: &[String], hide: Duration) -> Result<Vec<String>, QueueError> {
        let fate = self.fate(0).await;
        let gone = self.0.queue(|queue| match fate {
            1 => Vec::new(),
            _ => receipts.iter().filter(|receipt| !queue.hide(number(receipt), hide)).cloned().collect(),
        });
        self.answer(if hide.is_zero() { "show again" } else { "hide for longer" }, fate, gone).await
    }

    async fn remove(&self, receipts: &[String]) -> Result<(), QueueError> {
        let scene = &self.0;
        // 3: the answer is that they are removed, but one server still has them.
        let fate = self.fate(1).await;
        let gone = scene.queue(|queue| match fate {
            1 => Vec::new(),
            3 => {
                receipts.iter().for_each(|receipt| queue.show(number(receipt)));
                Vec::new()
            }
            _ => receipts.iter().filter_map(|receipt| queue.remove(number(receipt))).collect(),
        });
        scene.note(|| {
            let answer = if fate == 3 { "removed, but comes back" } else { "removed" };
            let what = format!("remove messages: {}", receipts.len());
            Step::call(Actor::Redrive, Actor::Letters, what, Answer::Received(answer.to_owned()))
        });
        for (partition, offset) in gone {
            scene.ledger(|ledger| ledger.letter_deleted(&scene.world, partition, offset));
        }
        self.answer("remove", fate, ()).await
    }

    async fn count(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        const OPERATION: &str = "store a letter";
        let fate = self.fate(0).await;
        if fate != 1 {
            self.0.queue(|queue| queue.send(letter));
            self.0.ledger(|ledger| ledger.counted(where_of(letter), &letter.id));
        }
        let attempts = letter.redriven.as_ref().map_or(0, |redriven| redriven.attempts);
        let stored = self.answer("store the letter again", fate, ()).await;
        stored.map_err(|cause| StoreError {
            store: "dead-letter queue",
            operation: OPERATION,
            code: "dead_letters_unavailable",
            retry_after: None,
            cause: Box::new(cause),
        })?;
        self.0.note(|| {
            let what = format!("letter again, failed redrives: {attempts}");
            Step::call(Actor::Redrive, Actor::Letters, what, Answer::Received("stored".to_owned()))
        });
        Ok(())
    }
}

fn number(receipt: &str) -> u64 {
    receipt.parse().unwrap_or(u64::MAX)
}

impl LetterQueue for FailingQueue {
    fn receive(&self, hide: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        self.receive(hide).boxed()
    }

    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>> {
        self.hide(receipts, hide).boxed()
    }

    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.remove(receipts).boxed()
    }
}

impl DeadLetters for FailingQueue {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        self.count(letter).boxed()
    }
}

/// There are no objects: letters are small here.
struct NoObjects;

fn no_object(bucket: &str, key: &str) -> ObjectError {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    ObjectError { operation: "give", bucket, key, cause: "there are no objects".into() }
}

impl Objects for NoObjects {
    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        _: usize,
    ) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>> {
        async move { Err(no_object(bucket, prefix)) }.boxed()
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>> {
        async move { Err(no_object(bucket, key)) }.boxed()
    }

    fn remove<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        async move { Err(no_object(bucket, key)) }.boxed()
    }
}

/// An invocation of the function: its event, and where its answer goes.
pub(crate) struct Invocation {
    pub(crate) event: Vec<u8>,
    pub(crate) answer: oneshot::Sender<Option<Answered>>,
}

/// Lambda's API: an accepted invocation runs to its end, even if its caller is gone.
#[derive(Clone)]
pub(crate) struct Lambda {
    scene: Arc<Scene>,
    door: mpsc::UnboundedSender<Invocation>,
}

impl Lambda {
    pub(crate) fn new(scene: &Arc<Scene>) -> (Self, mpsc::UnboundedReceiver<Invocation>) {
        let (door, invocations) = mpsc::unbounded_channel();
        (Lambda { scene: Arc::clone(scene), door }, invocations)
    }

    async fn invoke(&self, target: &Target, event: Vec<u8>) -> Result<Invoked, NotInvoked> {
        let scene = &self.scene;
        scene.network_delay_of(0).await;
        // 1: Lambda throttles, 2: the answer is lost, at once, while the function goes on.
        let fate = scene.decide_for(0, What::Invoke, 2);
        if fate == 1 {
            scene.note(|| Step::note(Actor::Redrive, "Lambda throttles it"));
            return Err(NotInvoked::Throttled(target.function.clone()));
        }
        let (answer, comes) = oneshot::channel();
        if self.door.send(Invocation { event, answer }).is_err() {
            return Err(NotInvoked::Missing(target.function.clone()));
        }
        if fate == 2 {
            scene.network_delay_of(0).await;
            scene.note(|| Step::note(Actor::Redrive, "the answer of its invocation is lost"));
            return Ok(Invoked::Unknown("no answer in time".to_owned()));
        }
        let answered = comes.await.ok().flatten();
        scene.network_delay_of(0).await;
        Ok(match answered.as_ref().map(serde_json::to_vec) {
            Some(Ok(answer)) => read_answer(&answer, &target.expected),
            Some(Err(_)) | None => Invoked::Failed("the function failed".to_owned()),
        })
    }
}

impl Invoker for Lambda {
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>> {
        self.invoke(target, event).boxed()
    }
}

/// A progress report that nobody reads.
pub(crate) struct Silent;

impl Progress for Silent {
    fn collected(&self, _: usize) {}
    fn settled(&self, _: usize, _: usize, _: &Entry) {}
    fn foreign(&self, _: &ForeignMessage) {}
}

/// How long ago a letter was given up.
pub(crate) fn age(scene: &Scene, given_up_at_ms: Option<u64>) -> Duration {
    let now = super::world::START.plus(scene.started.elapsed());
    given_up_at_ms.map_or(Duration::MAX, |at| now.since(UnixMillis(at)))
}
