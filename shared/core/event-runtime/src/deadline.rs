//! The invocation's deadline, and how much time is left before it.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::UnixMillis;

/// 2020-01-01T00:00:00Z. `cargo lambda watch` sends a fixed deadline in 1970: any deadline before this date counts as
/// unknown.
const EPOCH_OF_REAL_DEADLINES: UnixMillis = UnixMillis(1_577_836_800_000);

/// The instant at which Lambda ends the invocation, if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// From the invocation's deadline header, in milliseconds since 1970.
    pub fn from_header(deadline: UnixMillis, now: UnixMillis) -> Self {
        if deadline < EPOCH_OF_REAL_DEADLINES {
            return Deadline(None);
        }
        Deadline(Instant::now().checked_add(deadline.since(now)))
    }

    /// A deadline that is `duration` from now.
    pub fn within(duration: Duration) -> Self {
        Deadline(Instant::now().checked_add(duration))
    }

    /// No deadline is known.
    pub fn unknown() -> Self {
        Deadline(None)
    }

    /// The time left; `None` where no deadline is known.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether at least `needed` is left. Always true where no deadline is known.
    pub fn allows(self, needed: Duration) -> bool {
        self.left().is_none_or(|left| left >= needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_before_2020_is_unknown() {
        let deadline = Deadline::from_header(UnixMillis(600_000), NOW);
        assert!(deadline.allows(Duration::from_secs(86_400)));
    }

    #[tokio::test(start_paused = true)]
    async fn any_other_past_deadline_has_passed() {
        let deadline = Deadline::from_header(UnixMillis(NOW.0 - 1), NOW);
        assert!(!deadline.allows(Duration::from_millis(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_shrinks_with_time() {
        let deadline = Deadline::from_header(NOW.plus(Duration::from_secs(10)), NOW);
        assert!(deadline.allows(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(deadline.allows(Duration::from_secs(6)));
        assert!(!deadline.allows(Duration::from_secs(7)));
    }
}
