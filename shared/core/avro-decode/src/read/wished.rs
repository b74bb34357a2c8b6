//! What a reader can do without.

use std::ops::Deref;

use super::{AvroRead, AvroType, read_branch};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError};
use crate::plan::{Node, Op};
use crate::schema::TypeId;

/// A value that is only wished for: of whatever type the writer has it, or if it has it at all, no record is lost for it.
///
/// It is absent where the writer's type cannot be read as `T`, where a value cannot (text that is not UTF-8, a decimal
/// that is too large, a branch that `T` does not take), where it is null, and where the field is missing. What is not even
/// the writer's type, such as a datum that breaks off, stays an error; so does what exceeds the [`crate::Limits`].
///
/// ```
/// use avro_decode::{AvroRead, Limits, Plan, Schema, Wished};
///
/// #[derive(AvroRead)]
/// struct Account<'a> {
///     email: &'a str,
///     language: Wished<&'a str>,
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
pub struct Wished<T>(pub Option<T>);

impl<T> Default for Wished<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Wished<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T: AvroType> AvroType for Wished<T> {
    type Of<'de> = Wished<T::Of<'de>>;

    const OPTIONAL: bool = true;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.wished(writer, T::compile)
    }
}

impl<'de, T: AvroRead<'de>> AvroRead<'de> for Wished<T> {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        let Op::Wished(wish) = &node.0 else {
            return read_branch(node, cursor);
        };
        if let Some(node) = &wish.node {
            let start = cursor.mark();
            match Option::<T>::read(node, cursor) {
                Ok(value) => return Ok(Self(value)),
                // Read again and again, such values would cost more than their bytes allow.
                Err(error) if matches!(error.kind(), Kind::OutputSize | Kind::ZeroSizeItems) => return Err(error),
                Err(_) => cursor.go_back(start),
            }
        }
        // Its own bytes are passed by the writer's type alone, so that what follows is read where it is.
        cursor.skip(&wish.skip)?;
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
