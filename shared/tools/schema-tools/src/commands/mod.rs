//! The commands: each prints, and returns its exit code.

mod answer;
pub(crate) mod contracts;
mod failure;
pub(crate) mod recordings;
pub(crate) mod registry;

pub(crate) use failure::{BAD, Failure, OK};
