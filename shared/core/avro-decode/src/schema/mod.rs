//! Parses Avro schemas into what decoding needs: a flat table of types with names resolved and logical types kept.
//!
//! The parser is our own, because a decoder must accept every schema that a registry holds: `apache-avro` refuses some
//! that the 1.12 specification allows, such as `["null","string"]` with a string default.

mod default;
mod fragment;
mod json;
mod logical;
mod parse;
mod peculiarities;
mod primitives;
mod sizes;
mod types;

pub(crate) use default::default_value;
pub(crate) use logical::{Logical, Unit};
pub(crate) use sizes::Sizes;
pub(crate) use types::{Enum, Field, Name, Record, Type};
pub use types::{Schema, TypeId};
