//! The batch processor: decode, skip, claim, handle and settle each record, in order, within the deadline.

mod failure;

pub use failure::{Blame, Disposition, Failure, Fault, Stage};
