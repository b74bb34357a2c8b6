//! An optional field that never costs the record.

use std::ops::Deref;

use super::traits::{AvroRead, AvroType, read_branch};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError};
use crate::program::{Node, Op};
use crate::schema::TypeId;

/// An optional value that never costs the record: it is absent where it cannot be read.
///
/// That is where the writer's type cannot be read as `T`, where a value cannot (text that is not UTF-8, a decimal that is
/// too large, a branch that `T` does not take), where it is null, and where the field is missing. Bytes that are not of
/// the writer's type, such as a datum that breaks off, are still an error; so is exceeding the [`crate::Limits`].
///
/// ```
/// use avro_decode::{AvroRead, Limits, Plan, Schema, Lenient};
///
/// #[derive(AvroRead)]
/// struct Account<'a> {
///     email: &'a str,
///     language: Lenient<&'a str>,
/// }
///
/// let writer = |language: &str| {
///     Schema::parse(&format!(
///         r#"{{"type": "record", "name": "Value", "fields": [
///             {{"name": "language", "type": "{language}"}}, {{"name": "email", "type": "string"}}]}}"#
///     ))
/// };
/// let plan = Plan::<Account>::compile(&writer("string")?, &Limits::default())?;
/// assert_eq!(*plan.decode(b"\x04de\x06a@b")?.language, Some("de"));
/// let plan = Plan::<Account>::compile(&writer("int")?, &Limits::default())?;
/// let account = plan.decode(b"\x0e\x06a@b")?;
/// assert_eq!((account.email, *account.language), ("a@b", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lenient<T>(pub Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Lenient<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T: AvroType> AvroType for Lenient<T> {
    type Of<'de> = Lenient<T::Of<'de>>;

    const OPTIONAL: bool = true;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.lenient(writer, T::compile)
    }
}

impl<'de, T: AvroRead<'de>> AvroRead<'de> for Lenient<T> {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        let Op::Lenient(lenient) = &node.0 else {
            return read_branch(node, cursor);
        };
        if let Some(node) = &lenient.node {
            let start = cursor.mark();
            match Option::<T>::read(node, cursor) {
                Ok(value) => return Ok(Self(value)),
                // Passing over it would let many such values cost more than the limits allow.
                Err(error) if matches!(error.kind(), Kind::OutputSize | Kind::ZeroSizeItems) => return Err(error),
                Err(_) => cursor.go_back(start),
            }
        }
        // Skipped by the writer's type, so that reading goes on at the next value.
        cursor.skip(&lenient.skip)?;
        Ok(Self(None))
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self(None))
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}
