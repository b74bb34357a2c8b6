//! Avro decoding by compiled plans: a writer schema and a Rust type are resolved once, then each datum decodes straight
//! into the function's own struct.
#![doc = include_str!("../README.md")]

// Code that the derive writes names this crate from outside, in our own documentation and tests too.
extern crate self as avro_decode;

mod compatibility;
mod compile;
mod cursor;
mod error;
mod limits;
mod message_text;
mod plan;
mod program;
mod read;
mod schema;
mod utf8;
mod value;

/// Implements [`trait@AvroRead`] and [`AvroType`] for a struct or enum.
///
/// On a type: `#[avro(name = "…")]` (the record or enum must have this name), `alias = "…"` (or this one),
/// `rename_all = "camelCase"` (or `PascalCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `lowercase`, `UPPERCASE`).
///
/// On a field: `rename = "…"`, `alias = "…"` (any number), `default` (the type's `Default`), `default = value`.
///
/// On a variant: `rename = "…"` (`name` is the same), `alias = "…"`, and for symbols that are not listed `default`; in
/// a union `name = "…"` and, for all other branches, `other`.
///
/// What cannot work is a compile error that says what to write instead. A record's fields have names:
///
/// ```compile_fail
/// #[derive(avro_decode::AvroRead)]
/// struct Pair(i64, i64);
/// ```
///
/// Only one field reads a name:
///
/// ```compile_fail
/// #[derive(avro_decode::AvroRead)]
/// struct Twice {
///     id: i64,
///     #[avro(rename = "id")]
///     again: i64,
/// }
/// ```
///
/// A variant of a union holds one type:
///
/// ```compile_fail
/// #[derive(avro_decode::AvroRead)]
/// enum Number {
///     Whole(i64),
///     Fraction { over: i64, under: i64 },
/// }
/// ```
///
/// There are no other attributes:
///
/// ```compile_fail
/// #[derive(avro_decode::AvroRead)]
/// struct Typo {
///     #[avro(aliases = "key")]
///     id: i64,
/// }
/// ```
///
/// Every field's type must be readable:
///
/// ```compile_fail
/// #[derive(avro_decode::AvroRead)]
/// struct Unsigned {
///     count: u64,
/// }
/// ```
pub use avro_decode_derive::AvroRead;
pub use compatibility::incompatibilities;
pub use compile::{Compile, Compiler, Incompatibility};
pub use cursor::Cursor;
pub use error::{DecodeError, DecodeErrorKind, ResolveError, Rule, SchemaError};
pub use limits::Limits;
pub use plan::Plan;
pub use program::Node;
pub use read::{AvroRead, AvroType, Decimal, DecimalBytes, Duration, Lenient};
pub use schema::{Schema, TypeId};
pub use value::{Record, Symbol, Value};

/// What code written by the derive needs; not for anything else.
#[doc(hidden)]
pub mod derive {
    pub use crate::compile::{EnumSpec, FieldSpec, RecordSpec, UnionSpec, VariantKind, VariantSpec};
    pub use crate::program::RecordPlan;
}
