//! A circuit breaker: while a dependency is down, the rest of a batch is reported at once instead of failing record by
//! record.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When a dependency counts as down.
#[derive(Debug, Clone, Copy)]
pub struct CircuitPolicy {
    /// Failures in a row, without one success between, that open the circuit.
    pub failures: u32,
    /// How long it stays open; the first record after that tries again, and if it fails the circuit opens again.
    pub pause: Duration,
}

impl Default for CircuitPolicy {
    /// 10 failures in a row open it for 5 s. Ten are more than a burst; five seconds are short compared with the
    /// mapping's own retries.
    fn default() -> Self {
        CircuitPolicy { failures: 10, pause: Duration::from_secs(5) }
    }
}

/// A circuit breaker: opens when a dependency keeps failing, so that the rest of the batch is reported at once.
#[derive(Debug)]
pub(crate) struct Circuit {
    policy: CircuitPolicy,
    state: Mutex<CircuitState>,
}

#[derive(Debug, Default)]
struct CircuitState {
    failures: u32,
    open_until: Option<Instant>,
}

impl Circuit {
    pub(crate) fn new(policy: CircuitPolicy) -> Self {
        Circuit { policy, state: Mutex::default() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().open_until.is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.policy.failures {
            state.open_until = Instant::now().checked_add(self.policy.pause);
        }
    }

    pub(crate) fn succeeded(&self) {
        *self.state() = CircuitState::default();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, CircuitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_circuit_opens_after_failures_in_a_row_and_tries_again_after_a_pause() {
        let circuit = Circuit::new(CircuitPolicy { failures: 3, pause: Duration::from_secs(5) });
        circuit.failed();
        circuit.failed();
        circuit.succeeded();
        circuit.failed();
        circuit.failed();
        assert!(!circuit.is_open(), "a success in between resets the count");
        circuit.failed();
        assert!(circuit.is_open());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!circuit.is_open());
        circuit.failed();
        assert!(circuit.is_open(), "still down");
    }
}
