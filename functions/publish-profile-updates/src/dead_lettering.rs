//! Stores the dead letters of many items: several at a time, within the time that is left, and counted in order.

use std::time::Duration;

use event_functions::letters::DeadLetter;
use event_functions::{DeadLetters, StoreError};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// Letters under way at the same time. Those that wait for SQS are sent together, ten to a call.
const SIDE_BY_SIDE: usize = 32;

/// How many letters were stored.
#[derive(Debug)]
pub(crate) struct StoredLetters {
    /// How many are stored, from the first on without a gap. Others behind them may be stored as well.
    pub(crate) stored: usize,
    /// Why not all of them, if so.
    pub(crate) stopped: Option<Stopped>,
}

/// Why the storing of letters ended before the last.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The time was over.
    OutOfTime,
    /// The queue or the bucket refused the next one.
    Store(StoreError),
}

/// The queue is so slow that not one letter was stored in the time that there was.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer in the {0:?} that were left")]
struct NoAnswer(Duration);

impl Stopped {
    /// What it means where not even the first letter was stored in `time`.
    pub(crate) fn error(self, time: Duration) -> StoreError {
        match self {
            Stopped::Store(error) => error,
            Stopped::OutOfTime => StoreError {
                store: "the dead-letter queue",
                operation: "store a letter",
                code: "dead_letters_timeout",
                retry_after: None,
                cause: Box::new(NoAnswer(time)),
            },
        }
    }
}

/// Stores letters for at most `time`.
pub(crate) async fn store_in_order(
    dead_letters: &dyn DeadLetters,
    letters: &[DeadLetter],
    time: Duration,
) -> StoredLetters {
    let until = Instant::now() + time;
    let calls: Vec<_> = letters.iter().map(|letter| dead_letters.store(letter)).collect();
    let mut storing = stream::iter(calls).buffered(SIDE_BY_SIDE);
    let mut stored = 0;
    loop {
        let stopped = match timeout_at(until, storing.next()).await {
            Ok(Some(Ok(()))) => {
                stored += 1;
                continue;
            }
            Ok(Some(Err(error))) => Some(Stopped::Store(error)),
            Ok(None) => None,
            Err(_) => Some(Stopped::OutOfTime),
        };
        return StoredLetters { stored, stopped };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use event_functions::{Deadline, Failure, Invocation};
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use serde_json::value::RawValue;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::cursor::Position;
    use crate::letter::{ItemPlace, letter};

    /// Takes ten letters at a time and this long for each; refuses those whose index is in a range.
    struct SlowQueue {
        takes: Duration,
        refuses: std::ops::Range<usize>,
        slots: Semaphore,
        stored: Mutex<BTreeMap<usize, u32>>,
    }

    impl SlowQueue {
        fn that_takes(takes: Duration) -> Self {
            SlowQueue { takes, refuses: 0..0, slots: Semaphore::new(10), stored: Mutex::default() }
        }
    }

    impl DeadLetters for SlowQueue {
        fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
            async {
                let _turn = self.slots.acquire().await.unwrap();
                tokio::time::sleep(self.takes).await;
                let index = letter.place.index;
                if self.refuses.contains(&index) {
                    return Err(Stopped::OutOfTime.error(self.takes));
                }
                *self.stored.lock().unwrap().entry(index).or_default() += 1;
                Ok(())
            }
            .boxed()
        }
    }

    fn letters(number: usize) -> Vec<DeadLetter> {
        let invocation = Invocation {
            request_id: "r".to_owned(),
            function: "publish-profile-updates".to_owned(),
            function_version: "1".to_owned(),
            deadline: Deadline::unknown(),
        };
        let (item, page) = (RawValue::from_string("{}".to_owned()).unwrap(), Position::default());
        let of = |index| {
            let place = ItemPlace { topic: "user.profile.updated", page: &page, index };
            letter(&item, &place, "item_unreadable", "decode", Vec::new(), &invocation)
        };
        (0..number).map(of).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_queue_takes_a_thousand_letters_over_several_runs() {
        let queue = SlowQueue::that_takes(Duration::from_millis(200));
        let letters = letters(1_000);
        let time = Duration::from_secs(6);
        let (mut done, mut runs) = (0, 0);
        while done < letters.len() {
            let began = Instant::now();
            let letters_stored = store_in_order(&queue, &letters[done..], time).await;
            assert!(began.elapsed() <= time, "no longer than there is time");
            assert!(
                letters_stored.stored >= 290 || done + letters_stored.stored == letters.len(),
                "{letters_stored:?}"
            );
            assert_eq!(
                matches!(letters_stored.stopped, Some(Stopped::OutOfTime)),
                done + letters_stored.stored < letters.len()
            );
            (done, runs) = (done + letters_stored.stored, runs + 1);
        }
        assert_eq!(runs, 4, "one letter after the other would take 34 runs");
        let stored = queue.stored.lock().unwrap();
        assert_eq!(stored.len(), 1_000);
        assert!(
            stored.values().sum::<u32>() <= 1_000 + 3 * 32,
            "only what was under way when the time was over is stored twice"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stored_behind_a_letter_that_is_not_does_not_count() {
        let queue = SlowQueue { refuses: 40..41, ..SlowQueue::that_takes(Duration::from_millis(10)) };
        let letters_stored = store_in_order(&queue, &letters(100), Duration::from_secs(60)).await;
        assert_eq!(letters_stored.stored, 40);
        assert!(matches!(letters_stored.stopped, Some(Stopped::Store(_))), "{letters_stored:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_does_not_answer_is_named() {
        let queue = SlowQueue::that_takes(Duration::from_secs(3_600));
        let letters_stored = store_in_order(&queue, &letters(3), Duration::from_secs(2)).await;
        assert_eq!(letters_stored.stored, 0);
        let error = letters_stored.stopped.unwrap().error(Duration::from_secs(2));
        assert_eq!(error.code(), "dead_letters_timeout");
    }
}
