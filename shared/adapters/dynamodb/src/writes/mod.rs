//! Conditional writes and their ends: applied, refused over an item, or failed for a reason from a small set.
//!
//! Requests set `ReturnValuesOnConditionCheckFailure::AllOld`, so that a refusal shows the item without another read.

mod failure;
mod item;
mod port;
mod transaction;

pub use failure::{FailedWrite, FailureCodes, WriteFailure};
pub use item::{Conditional, Write, write};
pub(crate) use port::ConditionalPut;
pub use port::Writes;
pub(crate) use transaction::Transaction;
