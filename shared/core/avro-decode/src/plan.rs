//! [`Plan`]: compiled once for a writer schema and a reader, then decodes any number of data.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, ResolveError};
use crate::limits::Limits;
use crate::program::Program;
use crate::read::{AvroRead, AvroType};
use crate::schema::Schema;
use crate::value::Value;

/// A writer schema and a reader type, resolved once: decodes any number of data.
///
/// A plan is immutable; threads share it by reference or `Arc`.
///
/// ```
/// use avro_decode::{AvroRead, Limits, Plan, Schema};
///
/// #[derive(AvroRead)]
/// struct Account<'a> {
///     id: i64,
///     email: Option<&'a str>,
/// }
///
/// let writer = Schema::parse(
///     r#"{"type": "record", "name": "Value", "fields": [
///         {"name": "email", "type": ["null", "string"]},
///         {"name": "body", "type": "string"},
///         {"name": "id", "type": "int"}]}"#,
/// )?;
/// let plan = Plan::<Account>::compile(&writer, &Limits::default())?;
/// let account = plan.decode(b"\x02\x06a@b\x04hi\x54")?;
/// assert_eq!((account.id, account.email), (42, Some("a@b")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Plan<T: AvroType> {
    program: Arc<Program>,
    _reader: PhantomData<fn() -> T>,
}

impl<T: AvroType> Plan<T> {
    /// Resolves `writer` against the Rust type `T`.
    ///
    /// # Errors
    /// When the writer's data cannot be read as `T`: a field is missing, or a type neither matches nor promotes. The error
    /// names the place in both and what to change.
    pub fn compile(writer: &Schema, limits: &Limits) -> Result<Self, ResolveError> {
        let program = Compiler::run(writer, None, limits, T::compile)?;
        Ok(Self::of(program))
    }

    /// Decodes a whole datum, without its frame: the bytes after the schema id.
    ///
    /// # Errors
    /// When the bytes are not a datum of the writer's schema, when a value of it does not fit `T`, when a limit is
    /// exceeded, and when bytes are left over.
    #[inline]
    pub fn decode<'de>(&self, datum: &'de [u8]) -> Result<T::Of<'de>, DecodeError> {
        let mut cursor = Cursor::new(datum, &self.program);
        if let Some(mut value) = T::Of::<'de>::blank() {
            value.fill(&self.program.root, &mut cursor)?;
            cursor.finish()?;
            return Ok(value);
        }
        let value = T::Of::<'de>::read(&self.program.root, &mut cursor)?;
        cursor.finish()?;
        Ok(value)
    }

    /// As [`Plan::decode`], into `place`: a struct of many fields is then written where it stays, without a last move.
    ///
    /// # Errors
    /// As [`Plan::decode`]; what `place` then holds is meaningless.
    #[inline]
    pub fn decode_into<'s, 'de>(
        &self,
        datum: &'de [u8],
        place: &'s mut Option<T::Of<'de>>,
    ) -> Result<&'s mut T::Of<'de>, DecodeError> {
        let Some(blank) = T::Of::<'de>::blank() else {
            return Ok(place.insert(self.decode(datum)?));
        };
        let value = place.insert(blank);
        let mut cursor = Cursor::new(datum, &self.program);
        value.fill(&self.program.root, &mut cursor)?;
        cursor.finish()?;
        Ok(value)
    }

    /// The steps that compiling took, for tests of what a schema may cost. A step is a type, field, branch or symbol
    /// that was visited, or 64 bytes of a name.
    #[doc(hidden)]
    pub fn steps(&self) -> u64 {
        self.program.steps
    }

    /// Decodes a datum and counts the skipping operations, for tests of what a datum may cost.
    #[doc(hidden)]
    pub fn decode_counting<'de>(&self, datum: &'de [u8]) -> (Result<T::Of<'de>, DecodeError>, u64) {
        let mut cursor = Cursor::new(datum, &self.program);
        let value = T::Of::<'de>::read(&self.program.root, &mut cursor).and_then(|value| {
            cursor.finish()?;
            Ok(value)
        });
        (value, cursor.steps)
    }

    fn of(program: Program) -> Self {
        Self { program: Arc::new(program), _reader: PhantomData }
    }
}

impl Plan<Value<'static>> {
    /// Resolves `writer` against a reader's schema by the specification's rules, names included.
    ///
    /// # Errors
    /// When the schemas do not resolve.
    pub fn compile_with_reader(writer: &Schema, reader: &Schema, limits: &Limits) -> Result<Self, ResolveError> {
        let program =
            Compiler::run(writer, Some(reader), limits, |compiler, root| compiler.resolve_schemas(root, reader))?;
        Ok(Self::of(program))
    }
}

impl<T: AvroType> Clone for Plan<T> {
    fn clone(&self) -> Self {
        Self { program: self.program.clone(), _reader: PhantomData }
    }
}

impl<T: AvroType> std::fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("reader", &std::any::type_name::<T>()).finish_non_exhaustive()
    }
}
