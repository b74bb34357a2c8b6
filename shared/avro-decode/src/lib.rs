//! Avro decoding by compiled plans: writer schema and reader type resolved once, then straight into the function's own struct.
#![doc = include_str!("../README.md")]

// The derive's output names this crate from outside; in our own documentation and tests, too.
extern crate self as avro_decode;

mod compile;
mod cursor;
mod error;
mod limits;
mod plan;
mod read;
mod resolve;
mod schema;
mod skip;
mod value;

pub use avro_decode_derive::AvroRead;
pub use compile::{Compile, Compiler};
pub use cursor::Cursor;
pub use error::{DecodeError, DecodeErrorKind, ResolveError, Rule, SchemaError};
pub use limits::Limits;
pub use plan::{Node, Plan};
pub use read::{AvroRead, AvroType, Decimal, DecimalBytes, Duration};
pub use schema::{Schema, TypeId};
pub use value::{Record, Symbol, Value};

/// What the derive's output needs; not for others.
#[doc(hidden)]
pub mod derive {
    pub use crate::compile::{EnumSpec, FieldSpec, RecordSpec, UnionSpec, VariantKind, VariantSpec};
    pub use crate::plan::RecordPlan;
}
