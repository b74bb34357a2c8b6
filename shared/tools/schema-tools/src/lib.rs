//! What the command `schemas` does: checks, documents and registers the schemas of topics, and tries out avro-decode.

pub mod catalogue;
mod check;
mod compare;
pub mod contracts;
mod example;
pub mod publish;
mod recording;
mod rendering;
mod resolution;

pub use check::{Finding, check};
pub use compare::differences;
pub use contracts::{ContractError, Contracts};
pub use example::{Examples, NoExample};
pub use recording::{Decoded, Recording, RecordingError};
pub use rendering::render;
pub use resolution::{Case, CasesError, Outcome, read_cases};
