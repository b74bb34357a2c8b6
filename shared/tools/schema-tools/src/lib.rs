//! The library of the command `schemas`: checks, documents and registers the schemas of topics, and decodes recordings.

pub mod asyncapi;
pub mod catalogue;
mod causes;
mod check;
mod check_functions;
mod check_topics;
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
