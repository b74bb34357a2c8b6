//! The dead-letter queue as a worker sees it: its writes fail like those of a real queue.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::WriteFault;
use event_runtime::{DeadLetter, DeadLetters, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::scene::{Scene, Service};
use super::story::{Actor, Step};
use super::write_faults::{answer_text, write_fate};

/// The dead-letter queue, for workers.
pub(crate) struct FailingLetters {
    pub(crate) scene: Arc<Scene>,
}

impl DeadLetters for FailingLetters {
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let scene = &self.scene;
            scene.network_delay().await;
            let delivery = scene.delivery();
            let fate = write_fate(scene, Service::Letters);
            // For a letter, a late write is the same as a lost answer.
            let fault = fate.fault.map(|fault| match fault {
                WriteFault::Late | WriteFault::SecondLate => WriteFault::AnswerLost,
                WriteFault::NotApplied | WriteFault::Throttled(_) | WriteFault::AnswerLost | WriteFault::SentTwice => {
                    fault
                }
            });
            let (messages, stored) = match fault {
                None => (1, Ok(())),
                Some(WriteFault::SentTwice) => (2, Ok(())),
                Some(WriteFault::Throttled(pause)) => (0, Err(unavailable(Some(pause)))),
                Some(WriteFault::NotApplied) => (0, Err(unavailable(None))),
                Some(WriteFault::AnswerLost | WriteFault::Late | WriteFault::SecondLate) => (1, Err(unavailable(None))),
            };
            (0..messages).for_each(|_| scene.queue(|queue| queue.send(letter)));
            let stored = (!fate.silent).then_some(stored);
            if messages > 0 {
                scene.ledger(|ledger| ledger.stored(&scene.world, delivery, letter));
            }
            scene.note(|| {
                let (place, code) = (&letter.place, &letter.error.code);
                let call = format!("letter of {}@{}: {code}", place.partition, place.offset.unwrap_or(-1));
                let answer =
                    answer_text(fault, stored.as_ref().map(|stored| stored.as_ref().map(|()| "stored".to_owned())));
                Step::call(Actor::Worker(delivery), Actor::Letters, call, answer)
            });
            let Some(stored) = stored else { return pending().await };
            scene.network_delay().await;
            if stored.is_ok() {
                scene.ledger(|ledger| ledger.told_of(&scene.world, delivery, letter));
            }
            stored
        }
        .boxed()
    }
}

fn unavailable(retry_after: Option<Duration>) -> StoreError {
    let (store, operation, code) = ("dead-letter queue", "store a letter", "dead_letters_unavailable");
    StoreError { store, operation, code, retry_after, cause: "the queue does not answer".into() }
}
