//! What code written by the derive of `Failure` needs; not for anything else.

use std::error::Error;
use std::time::Duration;

use crate::failure::Blame;
use crate::failure_codes::{FailureCode, FailureResult};

/// A cause as a trait object, whether it is an error itself or a box of one.
pub trait AsDynError<'a> {
    /// The error.
    fn as_dyn_error(&self) -> &(dyn Error + 'a);
}

impl<'a, T: Error + 'a> AsDynError<'a> for T {
    fn as_dyn_error(&self) -> &(dyn Error + 'a) {
        self
    }
}

impl<'a> AsDynError<'a> for dyn Error + 'a {
    fn as_dyn_error(&self) -> &(dyn Error + 'a) {
        self
    }
}

impl<'a> AsDynError<'a> for dyn Error + Send + Sync + 'a {
    fn as_dyn_error(&self) -> &(dyn Error + 'a) {
        self
    }
}

/// What may stand in `retry(after = …)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how long to wait",
    note = "`retry(after = …)` takes a `Duration` or an `Option<Duration>`"
)]
pub trait After {
    /// How long the caller is asked to wait.
    fn after(self) -> Option<Duration>;
}

impl After for Duration {
    fn after(self) -> Option<Duration> {
        Some(self)
    }
}

impl After for Option<Duration> {
    fn after(self) -> Option<Duration> {
        self
    }
}

impl<T: After + Copy> After for &T {
    fn after(self) -> Option<Duration> {
        T::after(*self)
    }
}

/// See [`After`].
pub fn after(after: impl After) -> Option<Duration> {
    after.after()
}

/// How many codes the tables have together.
pub const fn total(tables: &[&[FailureCode]]) -> usize {
    let (mut sum, mut table) = (0, 0);
    while table < tables.len() {
        sum += tables[table].len();
        table += 1;
    }
    sum
}

/// The tables one after the other; `N` is their [`total`].
pub const fn joined<const N: usize>(tables: &[&[FailureCode]]) -> [FailureCode; N] {
    const NOTHING: FailureCode =
        FailureCode { code: "", result: FailureResult::Retry, blame: Some(Blame::Record), meaning: "", remedy: "" };
    let mut all = [NOTHING; N];
    let (mut next, mut table) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[next] = tables[table][row];
            next += 1;
            row += 1;
        }
        table += 1;
    }
    all
}
