//! Failures of a record: what each proves, where it arose and whether the record or the deployment is to blame.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::error_text::error_chain;

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

/// The step of processing in which a failure arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Reading the record out of the event: its JSON, its base64.
    Scan,
    /// Frame, writer schema and Avro.
    Decode,
    /// Taking the claim that guards the effect.
    Claim,
    /// The effect itself.
    Handle,
    /// Recording the result: completing a claim, storing a dead letter.
    Settle,
}

impl Stage {
    /// The stage's name in logs, metrics and dead letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Scan => "scan",
            Stage::Decode => "decode",
            Stage::Claim => "claim",
            Stage::Handle => "handle",
            Stage::Settle => "settle",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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

/// A failure together with the stage in which it arose.
#[derive(Debug)]
pub struct Fault {
    /// Where it arose.
    pub stage: Stage,
    /// What it proves.
    pub disposition: Disposition,
    /// Its error code.
    pub code: &'static str,
    /// Whether the record or the deployment is to blame.
    pub blame: Blame,
    error: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// A failure that arose in `stage`.
    pub fn new(stage: Stage, failure: impl Failure) -> Self {
        Fault {
            stage,
            disposition: failure.disposition(),
            code: failure.code(),
            blame: failure.blame(),
            error: Box::new(failure),
        }
    }

    /// The error and its causes, outermost first, cut as [`error_chain`] does.
    pub fn chain(&self) -> Vec<String> {
        error_chain(&*self.error)
    }
}

/// The chain on one line: about [`crate::MAX_ERROR_CHAIN`] bytes at most.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain().join(": "))
    }
}

impl<F: Failure> From<F> for Fault {
    /// A failure of the effect, which is what handlers return; for other stages use [`Fault::new`].
    fn from(failure: F) -> Self {
        Fault::new(Stage::Handle, failure)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::error_text::MAX_ERROR_CHAIN;
    use crate::testing::LongError;

    #[derive(Debug, thiserror::Error)]
    #[error("the registry did not answer")]
    struct Down(#[source] std::io::Error);

    impl Failure for Down {
        fn disposition(&self) -> Disposition {
            Disposition::Retry { after: None }
        }
        fn code(&self) -> &'static str {
            "registry_unavailable"
        }
    }

    #[test]
    fn a_fault_prints_its_whole_chain_once() {
        let fault = Fault::from(Down(std::io::Error::other("connection refused")));
        assert_eq!(fault.to_string(), "the registry did not answer: connection refused");
        assert_eq!(fault.stage, Stage::Handle);
    }

    #[test]
    #[allow(clippy::print_stdout, reason = "shows its costs with --nocapture")]
    fn a_fault_prints_no_more_than_a_log_line_holds() {
        let (megabyte, causes) = (1024 * 1024, 1000);
        for (piece, pieces) in [(megabyte, 1), (1024, 1024), (1, megabyte)] {
            let error = LongError::new(&"x".repeat(piece), pieces, causes);
            let written = error.written();
            let text = Fault::from(error).to_string();
            let written = written.load(Ordering::Relaxed);
            println!("{causes} causes of 1 MiB in pieces of {piece} B: {} B out, {written} pieces written", text.len());
            assert!(text.len() < MAX_ERROR_CHAIN + 600, "{} bytes", text.len());
            // For each line its kilobyte, and the pieces that are only counted.
            assert!(written <= 5 * 2048, "{written} pieces of {piece} bytes");
        }
    }
}
