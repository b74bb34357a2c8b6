//! The end of a run.

use serde::Serialize;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Nothing is left to do, or nothing was to be changed.
    Complete,
    /// Some letters wait for a person's decision.
    Undecided,
    /// Some letters stay: they failed again or cannot be sent.
    Remaining,
    /// Too many failures in a row: the rest was not tried.
    Stopped,
    /// The invocation would have ended before the rest was tried.
    OutOfTime,
    /// The queue could no longer be reached: the rest was not tried.
    Unreachable,
    /// The run was asked to stop.
    Interrupted,
}

impl RunStatus {
    /// The exit code of the command. The command also exits with 2 for bad options, and with 5 when it cannot reach the
    /// queue at all.
    pub fn exit_code(self) -> u8 {
        match self {
            RunStatus::Complete => 0,
            RunStatus::Remaining => 1,
            RunStatus::Undecided => 3,
            RunStatus::Stopped => 4,
            RunStatus::Unreachable => 5,
            RunStatus::OutOfTime => 6,
            RunStatus::Interrupted => 130,
        }
    }
}
