//! What became of the records of a delivery, and the letters of those that were given up.

use std::collections::BTreeMap;

use event_runtime::{BatchReport, DeadLetter, Outcome};

/// What became of the records of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered(pub BTreeMap<Outcome, usize>);

impl Delivered {
    pub(crate) fn of(report: &BatchReport) -> Self {
        Delivered(report.outcomes.clone())
    }

    /// How many records came to this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.0.get(&outcome).copied().unwrap_or_default()
    }

    /// The outcome of the only record.
    ///
    /// # Panics
    /// When there was none, or more than one.
    pub fn only(&self) -> Outcome {
        match self.0.iter().collect::<Vec<_>>().as_slice() {
            [(outcome, 1)] => **outcome,
            other => panic!("one record was expected, not {other:?}"),
        }
    }
}

/// A dead letter, as far as a function's test cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The failure's code.
    pub code: String,
    /// The stage in which it arose.
    pub stage: String,
    /// The error and its causes.
    pub error: Vec<String>,
}

impl From<&DeadLetter> for Letter {
    fn from(letter: &DeadLetter) -> Self {
        let reason = &letter.error;
        Letter { code: reason.code.clone(), stage: reason.stage.clone(), error: reason.chain.clone() }
    }
}
