//! What a failure proves about its effect, and whether the record or the deployment is to blame for it.

use std::error::Error;
use std::time::Duration;

/// What a failure proves about the effect, and so what may be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The effect did not happen: throttled, not connected, a registry or table that is down. Trying again is safe.
    Retry {
        /// How long the dependency asked the caller to wait, if it did.
        after: Option<Duration>,
    },
    /// Permanent: another attempt will not help (undecodable, rejected).
    DeadLetter,
    /// The effect may have happened: the answer to a request was lost.
    Uncertain,
}

/// An error that states what it proves. Its message must not contain row data: it goes to logs and dead letters.
pub trait Failure: Error + Send + Sync + 'static {
    /// What may be done about it.
    fn disposition(&self) -> Disposition;
    /// The error code: a name from a bounded set, in `snake_case`, because it becomes a metric's dimension.
    fn code(&self) -> &'static str;
    /// Whether the record or the deployment is to blame. The flood guard does not count failures with
    /// [`Blame::Record`]: many of them mean a broken producer, not a broken deployment.
    fn blame(&self) -> Blame {
        Blame::Deployment
    }
}

/// Whether a permanent failure is the record's own fault or may be the deployment's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The record's own fault: bad base64, a truncated frame, a rejected recipient.
    Record,
    /// Possibly the deployment's: a reader schema that does not fit, a missing permission, a wrong configuration.
    Deployment,
}
