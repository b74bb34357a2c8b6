//! What the command `schemas` does: checks, documents and registers the schemas of topics, and tries out avro-decode.

pub mod catalogue;
mod causes;
mod check;
mod compare;
pub mod contracts;
mod decoding;
mod example;
pub mod publish;
mod rendering;
mod resolution;

pub use causes::with_causes;
pub use check::{Finding, check};
pub use compare::differences;
pub use contracts::{ContractError, Contracts};
pub use decoding::{Decoded, Decoder, DecodingError};
pub use example::{Examples, NoExample};
pub use rendering::render;
pub use resolution::{Case, CasesError, Outcome, read_cases};
