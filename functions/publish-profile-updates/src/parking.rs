//! Dead letters of many items: stored side by side, for no longer than there is time, and accounted for in order.

use std::time::Duration;

use event_runtime::{DeadLetter, DeadLetters, StoreError};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// Letters under way at the same time. Those that wait for SQS travel together, ten to a call.
const SIDE_BY_SIDE: usize = 32;

/// How far the storing of letters came.
#[derive(Debug)]
pub struct Parked {
    /// So many are stored, from the first on. Others behind them may be stored as well.
    pub stored: usize,
    /// Why not all are.
    pub stopped: Option<Stopped>,
}

/// Why the storing of letters ended before the last.
#[derive(Debug)]
pub enum Stopped {
    /// The time was over.
    OutOfTime,
    /// The queue or the bucket did not take the next one.
    Store(StoreError),
}

/// The queue is so slow that not one letter was stored in the time that there was.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer in the {0:?} that were left")]
struct NoAnswer(Duration);

impl Stopped {
    /// What it means where not even the first letter was stored in `time`.
    pub fn error(self, time: Duration) -> StoreError {
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
pub async fn park_in_order(dead_letters: &dyn DeadLetters, letters: &[DeadLetter], time: Duration) -> Parked {
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
        return Parked { stored, stopped };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use event_runtime::{Deadline, Failure, Invocation};
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use serde_json::value::RawValue;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::cursor::Position;
    use crate::parked::{ItemPlace, letter};

    /// Takes ten letters at a time, and so long for them; none where the index is in a range.
    struct SlowQueue {
        takes: Duration,
        refuses: std::ops::Range<usize>,
        line: Semaphore,
        stored: Mutex<BTreeMap<usize, u32>>,
    }

    impl SlowQueue {
        fn that_takes(takes: Duration) -> Self {
            SlowQueue { takes, refuses: 0..0, line: Semaphore::new(10), stored: Mutex::default() }
        }
    }

    impl DeadLetters for SlowQueue {
        fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>> {
            async {
                let _turn = self.line.acquire().await.unwrap();
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
    async fn a_thousand_letters_go_into_a_slow_queue_over_some_runs_and_each_goes_on_where_the_last_one_stopped() {
        let queue = SlowQueue::that_takes(Duration::from_millis(200));
        let letters = letters(1_000);
        let time = Duration::from_secs(6);
        let (mut done, mut runs) = (0, 0);
        while done < letters.len() {
            let began = Instant::now();
            let parked = park_in_order(&queue, &letters[done..], time).await;
            assert!(began.elapsed() <= time, "no longer than there is time");
            assert!(parked.stored >= 290 || done + parked.stored == letters.len(), "{parked:?}");
            assert_eq!(matches!(parked.stopped, Some(Stopped::OutOfTime)), done + parked.stored < letters.len());
            (done, runs) = (done + parked.stored, runs + 1);
        }
        assert_eq!(runs, 4, "one letter after the other would take 34 runs");
        let stored = queue.stored.lock().unwrap();
        assert_eq!(stored.len(), 1_000);
        assert!(stored.values().sum::<u32>() <= 1_000 + 3 * 32, "twice only what was under way when the time was over");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stored_behind_a_letter_that_is_not_does_not_count() {
        let queue = SlowQueue { refuses: 40..41, ..SlowQueue::that_takes(Duration::from_millis(10)) };
        let parked = park_in_order(&queue, &letters(100), Duration::from_secs(60)).await;
        assert_eq!(parked.stored, 40);
        assert!(matches!(parked.stopped, Some(Stopped::Store(_))), "{parked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_does_not_answer_is_named() {
        let queue = SlowQueue::that_takes(Duration::from_secs(3_600));
        let parked = park_in_order(&queue, &letters(3), Duration::from_secs(2)).await;
        assert_eq!(parked.stored, 0);
        let error = parked.stopped.unwrap().error(Duration::from_secs(2));
        assert_eq!(error.code(), "dead_letters_timeout");
    }
}
