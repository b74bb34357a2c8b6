//! Compares a function's README with what its code declares.

use environment::{Variable, markdown};
use event_runtime::{FailureCode, code_table};

use crate::function::Function;
use crate::variables;

impl Function {
    /// Checks that the README has the table of the function's own variables, and the table of these codes (`CODES` of what
    /// derives [`Failure`](crate::Failure)). What functions share stands in the README of `event-functions`.
    ///
    /// # Panics
    /// When a table is missing; the message has it.
    pub fn check_readme(&self, readme: &str, codes: &[&[FailureCode]]) {
        let shared: Vec<_> = variables::shared().into_iter().flatten().collect();
        let own: Vec<Variable> = self.variables().into_iter().filter(|variable| !shared.contains(variable)).collect();
        if !own.is_empty() {
            let table = markdown(&own);
            assert!(readme.contains(&table), "the README's table of variables should be:\n{table}");
        }
        if codes.iter().any(|codes| !codes.is_empty()) {
            let table = code_table(codes.iter().copied().flatten());
            assert!(readme.contains(&table), "the README's table of codes should be:\n{table}");
        }
    }
}
