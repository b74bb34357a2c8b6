//! The test environment: a queue, functions and claims in memory, and sample letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_runtime::testing::{ManualClock, MemoryClaims, sample_letter};
use event_runtime::{DeadLetter, DeadLetters, StoreError, UnixMillis};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::ports::Ports;
use crate::ports::{Invoked, Invoker, NotInvoked, Target};
use crate::ports::{LetterQueue, Message, QueueError};
use crate::ports::{ObjectError, Objects};
use crate::progress::Progress;
use crate::redrive::Redrive;
use crate::report::{Entry, ForeignMessage, Report};
use crate::request::{Action, Request};

pub(super) const NOW: UnixMillis = UnixMillis(1_795_500_000_000);

/// All messages by number, and the numbers of the visible ones.
#[derive(Default)]
struct Shelf {
    messages: BTreeMap<u32, Message>,
    visible: BTreeSet<u32>,
    next: u32,
}

/// A queue that, like SQS, returns messages in any order and misses some in an answer.
pub(super) struct MemoryQueue {
    shelf: Mutex<Shelf>,
    /// Messages that hold this text are lost at the next call that hides messages.
    to_lose: Mutex<Option<String>>,
    /// The number of calls that hide or show messages and succeed.
    pub(super) hides_left: AtomicUsize,
}

impl Default for MemoryQueue {
    fn default() -> Self {
        MemoryQueue { shelf: Mutex::default(), to_lose: Mutex::default(), hides_left: AtomicUsize::new(usize::MAX) }
    }
}

impl MemoryQueue {
    pub(super) fn put(&self, body: impl Into<String>) {
        let mut shelf = self.shelf.lock().unwrap();
        let number = shelf.next;
        shelf.next += 1;
        let message =
            Message { id: format!("m{number}"), receipt: format!("r{number}"), body: body.into(), sent_ms: None };
        shelf.messages.insert(number, message);
        shelf.visible.insert(number);
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        let shelf = self.shelf.lock().unwrap();
        shelf.messages.values().map(|message| serde_json::from_str(&message.body).unwrap_or_default()).collect()
    }

    /// Removes the messages that hold this text, as another reader does, or the queue after its retention.
    pub(super) fn lose(&self, part: &str) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.messages.retain(|_, message| !message.body.contains(part));
        let Shelf { messages, visible, .. } = &mut *shelf;
        visible.retain(|number| messages.contains_key(number));
    }

    /// The same, after a run has collected them.
    pub(super) fn lose_when_hidden(&self, part: &str) {
        *self.to_lose.lock().unwrap() = Some(part.to_owned());
    }

    pub(super) fn hidden(&self) -> usize {
        let shelf = self.shelf.lock().unwrap();
        shelf.messages.len() - shelf.visible.len()
    }
}

impl LetterQueue for MemoryQueue {
    fn receive(&self, _: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        async move {
            let mut shelf = self.shelf.lock().unwrap();
            // The newest first, and at most seven at a time.
            let found: Vec<_> = shelf.visible.iter().rev().take(7).copied().collect();
            for number in &found {
                shelf.visible.remove(number);
            }
            Ok(found.iter().map(|number| shelf.messages[number].clone()).collect())
        }
        .boxed()
    }

    fn hide<'a>(&'a self, receipts: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>> {
        async move {
            if self.hides_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
                return Err(QueueError { operation: "hide", code: "down".to_owned(), cause: None });
            }
            if let Some(part) = self.to_lose.lock().unwrap().take() {
                self.lose(&part);
            }
            let shelf = &mut *self.shelf.lock().unwrap();
            let mut gone = Vec::new();
            for receipt in receipts {
                let number = receipt.trim_start_matches('r').parse().unwrap();
                match shelf.messages.contains_key(&number) {
                    true if hide.is_zero() => drop(shelf.visible.insert(number)),
                    true => drop(shelf.visible.remove(&number)),
                    false => gone.push(receipt.clone()),
                }
            }
            Ok(gone)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>> {
        async move {
            let shelf = &mut *self.shelf.lock().unwrap();
            for receipt in receipts {
                let number = receipt.trim_start_matches('r').parse().unwrap();
                shelf.messages.remove(&number);
                shelf.visible.remove(&number);
            }
            Ok(())
        }
        .boxed()
    }
}

/// Stores letters in the queue, as the adapter does, unless it is down.
struct IntoQueue(Arc<MemoryQueue>, Arc<AtomicBool>);

impl DeadLetters for IntoQueue {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            if self.1.load(Ordering::SeqCst) {
                let (store, operation, code) = ("the dead-letter queue", "store a letter", "dead_letters_unavailable");
                return Err(StoreError { store, operation, code, retry_after: None, cause: "down".into() });
            }
            self.0.put(serde_json::to_string(letter).unwrap());
            Ok(())
        }
        .boxed()
    }
}

type Behaviour = Box<dyn FnMut(&Value) -> Result<Invoked, NotInvoked> + Send>;

/// Functions that answer as the test says and record their invocations.
pub(super) struct Functions {
    behaviour: Mutex<Behaviour>,
    pub(super) invocations: Mutex<Vec<(Target, Value)>>,
}

impl Invoker for Functions {
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>> {
        async move {
            let event: Value = serde_json::from_slice(&event).unwrap();
            self.invocations.lock().unwrap().push((target.clone(), event.clone()));
            self.behaviour.lock().unwrap()(&event)
        }
        .boxed()
    }
}

#[derive(Default)]
pub(super) struct MemoryObjects(pub(super) Mutex<BTreeMap<String, Vec<u8>>>, Mutex<Option<String>>);

impl MemoryObjects {
    /// Makes an object unreadable that is still listed.
    pub(super) fn lose(&self, key: &str) {
        *self.1.lock().unwrap() = Some(key.to_owned());
    }
}

impl Objects for MemoryObjects {
    fn list<'a>(
        &'a self,
        _: &'a str,
        prefix: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>> {
        async move {
            let objects = self.0.lock().unwrap();
            let keys: Vec<_> = objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
            let more = keys.len() > limit;
            Ok((keys.into_iter().take(limit).collect(), more))
        }
        .boxed()
    }

    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>> {
        let lost = self.1.lock().unwrap().as_deref() == Some(key);
        let found = self.0.lock().unwrap().get(key).cloned().filter(|_| !lost);
        let missing = || ObjectError {
            operation: "return",
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            cause: "no such key".into(),
        };
        async move { found.ok_or_else(missing) }.boxed()
    }

    fn remove<'a>(&'a self, _: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        self.0.lock().unwrap().remove(key);
        async { Ok(()) }.boxed()
    }
}

/// Everything that a run works with.
pub(super) struct Stage {
    pub(super) queue: Arc<MemoryQueue>,
    pub(super) functions: Arc<Functions>,
    pub(super) objects: Arc<MemoryObjects>,
    pub(super) claims: MemoryClaims,
    /// While it is true, no letter can be stored.
    pub(super) store_down: Arc<AtomicBool>,
    pub(super) redrive: Redrive,
}

impl Stage {
    pub(super) fn new(behaviour: impl FnMut(&Value) -> Result<Invoked, NotInvoked> + Send + 'static) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let queue = Arc::new(MemoryQueue::default());
        let functions =
            Arc::new(Functions { behaviour: Mutex::new(Box::new(behaviour)), invocations: Mutex::default() });
        let objects = Arc::new(MemoryObjects::default());
        let claims = MemoryClaims::new(clock.clone());
        let store_down = Arc::new(AtomicBool::new(false));
        let ports = Ports {
            queue: queue.clone(),
            dead_letters: Arc::new(IntoQueue(queue.clone(), store_down.clone())),
            objects: objects.clone(),
            invoker: functions.clone(),
            claims: Some(Arc::new(claims.clone())),
            clock,
        };
        Stage { queue, functions, objects, claims, store_down, redrive: Redrive::new(ports, Duration::from_secs(60)) }
    }

    /// Puts a letter into the queue.
    pub(super) fn put(&self, letter: &DeadLetter) {
        self.queue.put(serde_json::to_string(letter).unwrap());
    }

    pub(super) async fn run(&self, request: &Request) -> Report {
        let report = self.redrive.run(request, &Silent).await.unwrap();
        assert_eq!(self.queue.hidden(), 0, "all letters that stay are visible again");
        report
    }

    /// Offsets in the order of their invocations.
    pub(super) fn invoked(&self) -> Vec<i64> {
        let invocations = self.functions.invocations.lock().unwrap();
        invocations.iter().map(|(_, event)| offset(event)).collect()
    }
}

pub(super) fn offset(event: &Value) -> i64 {
    let partitions = event["records"].as_object().unwrap();
    partitions.values().next().unwrap()[0]["offset"].as_i64().unwrap()
}

pub(super) fn finished(_: &Value) -> Result<Invoked, NotInvoked> {
    Ok(Invoked::Finished)
}

pub(super) fn replay() -> Request {
    Request { yes: true, rate_per_second: 1_000, ..Request::new(Action::Replay) }
}

/// A letter with a key of its own.
pub(super) fn letter(offset: i64) -> DeadLetter {
    keyed(offset, &format!("key {offset}"))
}

pub(super) fn keyed(offset: i64, key: &str) -> DeadLetter {
    let mut letter = sample_letter("orders", offset);
    let framed = [&[0, 0, 0, 0, u8::try_from(offset % 5).unwrap()], key.as_bytes()].concat();
    letter.raw.key = Some(base64_simd::STANDARD.encode_to_string(framed));
    letter
}

pub(super) struct Silent;

impl Progress for Silent {
    fn collected(&self, _: usize) {}
    fn settled(&self, _: usize, _: usize, _: &Entry) {}
    fn foreign(&self, _: &ForeignMessage) {}
}

pub(super) fn outcomes(report: &Report) -> Vec<&'static str> {
    report.entries.iter().map(|entry| entry.outcome.name()).collect()
}
