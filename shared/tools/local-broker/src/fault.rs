//! Faults of the broker, for tests.

use kafka_protocol::error::ResponseError;

/// What the broker does wrong with one request to write (Produce).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Writes nothing and answers every partition with this error.
    Refuse(ResponseError),
    /// Closes the connection and writes nothing.
    CloseBeforeWriting,
    /// Writes and closes the connection without an answer.
    CloseAfterWriting,
    /// Writes and never answers; the connection stays open.
    LeaveUnanswered,
}
