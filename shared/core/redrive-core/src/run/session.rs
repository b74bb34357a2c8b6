//! The state of one run: its request, its limits, and whether it goes on.

use std::time::Duration;

use event_runtime::Deadline;
use tokio::time::Instant;

use crate::ports::{ExpectedAnswer, Ports, Target};
use crate::report::{RedriveOutcome, RunStatus};
use crate::request::Request;
use crate::stop::Stop;

/// The time that a letter takes beside its invocation: counting the attempt, removing it, giving the other messages back.
pub(super) const SETTLE_TIME: Duration = Duration::from_secs(10);

/// The state of one run.
pub(crate) struct Session<'a> {
    pub(super) request: &'a Request,
    pub(super) ports: &'a Ports,
    pub(super) stop: &'a Stop,
    pub(super) deadline: Deadline,
    /// The longest that one invocation may take.
    pub(super) invoke_timeout: Duration,
    pace: Pace,
    failures_in_a_row: usize,
    ended_early: Option<RunStatus>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        request: &'a Request,
        ports: &'a Ports,
        stop: &'a Stop,
        deadline: Deadline,
        invoke_timeout: Duration,
    ) -> Self {
        let pace = Pace::new(request.rate_per_second);
        Session { request, ports, stop, deadline, invoke_timeout, pace, failures_in_a_row: 0, ended_early: None }
    }

    /// Whether the run starts no other letter.
    pub(super) fn is_over(&mut self) -> bool {
        if self.stop.is_requested() {
            self.end_early(RunStatus::Interrupted);
        }
        if self.request.yes && !self.deadline.allows(self.invoke_timeout + SETTLE_TIME) {
            self.end_early(RunStatus::OutOfTime);
        }
        self.ended_early.is_some()
    }

    /// Ends the run; the first reason counts.
    pub(super) fn end_early(&mut self, status: RunStatus) {
        self.ended_early.get_or_insert(status);
    }

    /// Why the run did not try all letters.
    pub(super) fn ended_early(&self) -> Option<RunStatus> {
        self.ended_early
    }

    /// Whether nothing was to be changed.
    pub(super) fn is_dry_run(&self) -> bool {
        !self.request.yes || self.request.action.is_read_only()
    }

    /// Counts failures in a row. Letters that wait for a person or for each other say nothing about the function.
    pub(super) fn record(&mut self, outcome: &RedriveOutcome) {
        if outcome.is_failure() {
            self.failures_in_a_row += 1;
        } else if *outcome == RedriveOutcome::Finished {
            self.failures_in_a_row = 0;
        }
        if self.failures_in_a_row >= self.request.stop_after {
            self.end_early(RunStatus::Stopped);
        }
    }

    /// Waits until the rate allows the next invocation; false when the run was asked to stop meanwhile.
    pub(super) async fn wait_for_turn(&mut self) -> bool {
        let goes_on = self.pace.wait(self.stop).await;
        if !goes_on {
            self.end_early(RunStatus::Interrupted);
        }
        goes_on
    }

    /// The function to invoke: `function`, unless the request names another one.
    pub(super) fn target(&self, function: &str, qualifier: Option<&str>, expected: ExpectedAnswer) -> Target {
        Target {
            function: self.request.into.clone().unwrap_or_else(|| function.to_owned()),
            qualifier: self.request.qualifier.clone().or_else(|| qualifier.map(str::to_owned)),
            expected,
        }
    }
}

/// Spaces invocations evenly.
struct Pace {
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        Pace { interval: Duration::from_secs(1) / per_second.max(1), next: None }
    }

    /// Waits for the next turn; false when the run was asked to stop meanwhile.
    async fn wait(&mut self, stop: &Stop) -> bool {
        let now = Instant::now();
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.interval);
        tokio::select! {
            biased;
            () = stop.requested() => false,
            () = tokio::time::sleep_until(at) => true,
        }
    }
}
