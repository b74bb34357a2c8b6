//! Limits the send rate: evenly spaced turns, first come, first served.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Grants turns at a fixed rate within this process.
///
/// Turns are evenly spaced and never accumulate: SES counts per second, and would throttle a burst after a pause. The
/// limit is per process, so divide the account's rate among all processes that send.
#[derive(Debug)]
pub struct RateLimit {
    interval: Duration,
    patience: Duration,
    /// When the next turn is. Taking a turn moves it forward.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// `per_second` turns a second; a caller that would have to wait longer than `patience` gets an error instead.
    ///
    /// A rate of 0 counts as 1.
    pub fn new(per_second: u32, patience: Duration) -> Self {
        RateLimit { interval: Duration::from_secs(1) / per_second.max(1), patience, next: Mutex::new(None) }
    }

    /// Waits for the next turn. If the future is dropped while waiting, its turn passes unused.
    ///
    /// # Errors
    ///
    /// How long the wait would have been, if longer than `patience`. No turn is taken then.
    pub async fn turn(&self) -> Result<(), Duration> {
        let turn = self.reserve()?;
        sleep_until(turn).await;
        Ok(())
    }

    fn reserve(&self) -> Result<Instant, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = next.map_or(now, |next| next.max(now));
        let wait = turn.duration_since(now);
        if wait > self.patience {
            return Err(wait);
        }
        *next = Some(turn + self.interval);
        Ok(turn)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The times at which `count` waiting callers got their turns, in order.
    async fn turns(rate_limit: &Arc<RateLimit>, count: usize) -> Vec<(usize, Duration)> {
        let (began, order) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let tasks = (0..count).map(|caller| {
            let (rate_limit, order) = (Arc::clone(rate_limit), Arc::clone(&order));
            tokio::spawn(async move {
                rate_limit.turn().await.unwrap();
                order.lock().unwrap().push((caller, began.elapsed()));
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_turns_than_the_rate() {
        for rate in [1, 3, 10, 500] {
            let rate_limit = Arc::new(RateLimit::new(rate, 60 * SECOND));
            let at = turns(&rate_limit, 3 * rate as usize).await.into_iter().map(|(_, at)| at).collect::<Vec<_>>();
            // The clock of a paused test moves in milliseconds.
            let second = SECOND - Duration::from_millis(2);
            for (i, start) in at.iter().enumerate() {
                let within = at.iter().skip(i).take_while(|t| **t < *start + second).count();
                assert!(within <= rate as usize, "{within} within a second at a rate of {rate}");
            }
            assert!(at.last().unwrap() < &(3 * SECOND));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn callers_get_their_turns_in_the_order_of_arrival() {
        let rate_limit = Arc::new(RateLimit::new(10, 60 * SECOND));
        let callers = turns(&rate_limit, 25).await.into_iter().map(|(caller, _)| caller).collect::<Vec<_>>();
        assert_eq!(callers, (0..25).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn turns_do_not_accumulate_during_a_pause() {
        let rate_limit = Arc::new(RateLimit::new(10, 60 * SECOND));
        turns(&rate_limit, 5).await;
        tokio::time::advance(60 * SECOND).await;
        let at = turns(&rate_limit, 5).await;
        assert_eq!(at.first().unwrap().1, Duration::ZERO);
        assert!(at.last().unwrap().1 >= Duration::from_millis(400));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_would_wait_too_long_takes_no_turn() {
        let rate_limit = RateLimit::new(10, Duration::from_millis(150));
        let taken = [rate_limit.reserve(), rate_limit.reserve()].map(|turn| turn.is_ok());
        assert_eq!(taken, [true, true]);
        for _ in 0..3 {
            assert_eq!(rate_limit.reserve(), Err(Duration::from_millis(200)));
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        assert!(rate_limit.reserve().is_ok());
    }
}
