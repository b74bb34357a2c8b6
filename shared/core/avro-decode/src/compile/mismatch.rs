//! The error for a writer's type that a Rust type cannot read, with the Rust type to write instead.

use super::compiler::Compiler;
use crate::error::{ResolveError, Rule};
use crate::schema::{Logical, Type, TypeId};

impl Compiler<'_> {
    pub(crate) fn mismatch(&self, writer: TypeId, rust: &str) -> ResolveError {
        let (rule, remedy) = remedy(self.schema.get(writer), rust);
        self.error(rule, format!("{rust} cannot read {}", self.schema.describe(writer)), remedy)
    }
}

/// The broken rule, and the Rust type to write instead.
fn remedy(written: &Type, rust: &str) -> (Rule, String) {
    let narrow = |to: &str| (Rule::Narrowing, format!("write `{to}`"));
    let write = |to: &str| (Rule::TypeMismatch, format!("write `{to}`"));
    match (written, rust) {
        (Type::Long(_), "i32") => narrow("i64"),
        (Type::Double, "f32") => narrow("f64"),
        (Type::Float | Type::Double, "i32" | "i64") => narrow("f64"),
        (Type::Null, _) => write("Option<…>"),
        (Type::Boolean, _) => write("bool"),
        (Type::Int(_), _) => write("i32"),
        (Type::Long(Some(Logical::Timestamp(_))), _) => write("i64` or `jiff::Timestamp"),
        (Type::Long(_), _) => write("i64"),
        (Type::Float, _) => write("f32"),
        (Type::Double, _) => write("f64"),
        (Type::Bytes(Some(Logical::Decimal { .. } | Logical::OddDecimal { scale: Some(_) })), _) => write("Decimal"),
        (Type::Bytes(Some(Logical::OddDecimal { scale: None })), "Decimal" | "DecimalBytes") => (
            Rule::LogicalType,
            "write `&[u8]` or `Vec<u8>`, the digits in two's complement, and scale them as the producer means it"
                .into(),
        ),
        (Type::Bytes(_), _) => write("&[u8]` or `Vec<u8>"),
        (Type::String(_), _) => write("&str` or `String"),
        (Type::Fixed(f), _) => write(&format!("[u8; {}]", f.size)),
        (Type::Enum(_), _) => {
            (Rule::TypeMismatch, "write an enum with `#[derive(AvroRead)]` and a variant for each symbol".into())
        }
        (Type::Array(_), _) => write("Vec<…>"),
        (Type::Map(_), _) => write("HashMap<String, …>"),
        (Type::Record(_), _) => (Rule::TypeMismatch, "write a struct with `#[derive(AvroRead)]`".into()),
        (Type::Union(_), _) => (Rule::TypeMismatch, "write an enum with a variant for each branch".into()),
    }
}
