//! The codes of the steps that all consumers share: the tables of CODES.md.

use crate::effect_id::{KeyTooLong, MissingKey};
use crate::failure_codes::{FailureCode, FailureCodes};
use crate::failures::{
    Abandoned, CircuitOpen, ClaimConflict, ClaimParked, EffectTimeout, HeldByAnother, LeaseTooShort, NoTimeLeft,
    Panicked, RedriveTooOld, Unrecorded,
};
use crate::foreign_codes::{ELEMENTS, WAITING};
use crate::read_error::ReadError;
use crate::store_error::StoreError;

/// The codes of the steps that all consumers share. Those of an effect are its own failure's.
pub const RUNTIME_CODES: &[&[FailureCode]] = &[
    ELEMENTS,
    ReadError::CODES,
    Panicked::CODES,
    ClaimConflict::CODES,
    MissingKey::CODES,
    KeyTooLong::CODES,
    RedriveTooOld::CODES,
    StoreError::CODES,
    HeldByAnother::CODES,
    ClaimParked::CODES,
    Unrecorded::CODES,
    LeaseTooShort::CODES,
    CircuitOpen::CODES,
    WAITING,
    NoTimeLeft::CODES,
    EffectTimeout::CODES,
    Abandoned::CODES,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure_codes::{FailureResult, code_table};

    const PAGE: &str = include_str!("../CODES.md");

    /// The codes whose first result is this one.
    fn table(result: FailureResult) -> String {
        let all: Vec<_> = RUNTIME_CODES.iter().copied().flatten().collect();
        let first = |code: &FailureCode| all.iter().find(|other| other.code == code.code).map(|first| first.result);
        code_table(all.iter().copied().filter(|code| first(code) == Some(result)))
    }

    #[test]
    fn the_page_has_the_tables_of_the_codes() {
        let tables = [FailureResult::DeadLetter, FailureResult::Retry, FailureResult::Uncertain].map(table);
        let missing: Vec<_> = tables.iter().filter(|table| !PAGE.contains(*table)).cloned().collect();
        assert!(missing.is_empty(), "tables of CODES.md should be:\n{}", missing.join("\n"));
    }
}
