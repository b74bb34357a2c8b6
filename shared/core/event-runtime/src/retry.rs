//! Retries within one invocation: the backoff between tries, and the budget that a batch shares.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Exponential backoff with full jitter.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Tries of one record in one invocation, the first included; at least 1.
    pub attempts: u32,
    /// Upper bound of the first pause; doubles with each try.
    pub base: Duration,
    /// Upper bound of any pause that the policy chooses itself.
    pub cap: Duration,
    /// Longest pause that a dependency may ask for (`Retry-After`); a record that would have to wait longer is reported
    /// instead.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// 5 tries with pauses of up to 0.1, 0.2, 0.4 and 0.8 s: enough for a burst of throttling, not for an outage. A
    /// record that still fails is reported, and the event source mapping delivers it again.
    fn default() -> Self {
        RetryPolicy {
            attempts: 5,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(5),
            longest_retry_after: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The pause after the failed try number `attempt` (from 1); `None` when no further try is due.
    pub(crate) fn pause(&self, attempt: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        if let Some(asked) = retry_after {
            return (asked <= self.longest_retry_after).then_some(asked);
        }
        Some(self.backoff(attempt))
    }

    /// The policy's own pause after try number `attempt` (from 1).
    pub(crate) fn backoff(&self, attempt: u32) -> Duration {
        let ceiling = self.base.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(self.cap);
        ceiling.mul_f64(fastrand::f64())
    }
}

/// Retries that one batch may spend, shared by its records: a broken dependency must not use up the whole invocation.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicUsize);

impl RetryBudget {
    /// A fifth of the batch's records, at least 20.
    pub(crate) fn for_records(records: usize) -> Self {
        RetryBudget(AtomicUsize::new((records / 5).max(20)))
    }

    /// Takes one, if any is left.
    pub(crate) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_runs_out() {
        let budget = RetryBudget::for_records(5);
        assert_eq!((0..100).filter(|_| budget.take()).count(), 20);
    }

    #[test]
    fn pauses_stay_below_a_doubling_ceiling_and_end() {
        let policy = RetryPolicy::default();
        for (attempt, ceiling) in [(1, 100), (2, 200), (3, 400), (4, 800)] {
            for _ in 0..50 {
                assert!(policy.pause(attempt, None).unwrap() <= Duration::from_millis(ceiling));
            }
        }
        assert_eq!(policy.pause(5, None), None);
    }

    #[test]
    fn a_dependency_that_names_a_pause_is_obeyed_unless_it_is_too_long() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.pause(1, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        for asked in [Duration::from_secs(60), Duration::from_secs(u64::MAX), Duration::MAX] {
            assert_eq!(policy.pause(1, Some(asked)), None);
        }
    }
}
