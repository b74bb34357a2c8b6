//! Failures of a record: what each proves, where it arose and whether the record or the deployment is to blame.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error_text::error_chain;

/// The step of processing in which a failure arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Reading the record out of the event: its JSON, its base64.
    Scan,
    /// Frame, writer schema and Avro, and what the handler decides about what it read.
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

pub use crate::failure_derive::Failure;

pub use crate::disposition::{Blame, Disposition, Failure};

/// A failure together with the stage in which it arose. Clones share its error.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Where it arose.
    pub stage: Stage,
    /// What it proves.
    pub disposition: Disposition,
    /// Its error code.
    pub code: &'static str,
    /// Whether the record or the deployment is to blame.
    pub blame: Blame,
    error: Arc<dyn Error + Send + Sync>,
}

impl Fault {
    /// A failure that arose in `stage`.
    pub fn new(stage: Stage, failure: impl Failure) -> Self {
        Fault {
            stage,
            disposition: failure.disposition(),
            code: failure.code(),
            blame: failure.blame(),
            error: Arc::new(failure),
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
    /// A failure of the effect; for other stages use [`Fault::new`].
    fn from(failure: F) -> Self {
        Fault::new(Stage::Handle, failure)
    }
}

/// A failure whose stage is not said: what a handler's decisions and effects return. Where it is returned says in which
/// stage it arose, and the processor knows that. Clones share its error.
#[derive(Debug, Clone)]
pub struct Failed {
    fault: Fault,
    has_stage: bool,
}

impl Failed {
    /// What it proves.
    pub fn disposition(&self) -> Disposition {
        self.fault.disposition
    }

    /// Its error code.
    pub fn code(&self) -> &'static str {
        self.fault.code
    }

    /// Whether the record or the deployment is to blame.
    pub fn blame(&self) -> Blame {
        self.fault.blame
    }

    /// The failure with its stage: the one that it was made with, otherwise this one.
    #[must_use]
    pub fn at(self, stage: Stage) -> Fault {
        if self.has_stage { self.fault } else { Fault { stage, ..self.fault } }
    }
}

/// As its [`Fault`] prints.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl<F: Failure> From<F> for Failed {
    fn from(failure: F) -> Self {
        Failed { fault: Fault::from(failure), has_stage: false }
    }
}

impl From<Fault> for Failed {
    /// Keeps the fault's stage.
    fn from(fault: Fault) -> Self {
        Failed { fault, has_stage: true }
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
    fn a_failure_takes_the_stage_that_it_is_not_made_with() {
        let down = || Down(std::io::Error::other("connection refused"));
        for stage in [Stage::Decode, Stage::Handle] {
            let failed = Failed::from(down());
            assert_eq!((failed.code(), failed.disposition()), ("registry_unavailable", down().disposition()));
            assert_eq!(failed.blame(), Blame::Deployment);
            assert_eq!(failed.at(stage).stage, stage);
            assert_eq!(Failed::from(Fault::new(Stage::Claim, down())).at(stage).stage, Stage::Claim);
        }
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
