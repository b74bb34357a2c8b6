//! Resolving a writer's schema against a reader, a Rust type or another schema, into a program.

mod builtin;
mod compiler;
mod derived;
mod fields;
mod incompatibility;
mod mismatch;
mod reader_schema;
mod schemas;
mod skip;

pub use compiler::{Compile, Compiler};
pub use derived::{EnumSpec, FieldSpec, RecordSpec, UnionSpec, VariantKind, VariantSpec};
pub use incompatibility::Incompatibility;
