//! The traits that every readable Rust type implements: one for compiling a plan, one for reading a value.

use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, ResolveError};
use crate::program::Node;
use crate::schema::TypeId;

/// A value that can be read from an Avro datum, borrowing from its bytes for `'de`.
///
/// Derive it. A type that only wraps another one may implement it by hand, together with [`AvroType`], and pass both
/// calls on:
///
/// ```
/// use avro_decode::{AvroRead, AvroType, Compiler, Cursor, DecodeError, Node, ResolveError, TypeId};
///
/// struct Celsius(f64);
///
/// impl AvroType for Celsius {
///     type Of<'de> = Self;
///     fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
///         f64::compile(compiler, writer)
///     }
/// }
///
/// impl<'de> AvroRead<'de> for Celsius {
///     fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
///         let degrees = f64::read(node, cursor)?;
///         if degrees < -273.15 {
///             return Err(cursor.error("below_absolute_zero"));
///         }
///         Ok(Self(degrees))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from Avro",
    label = "Avro has no type that reads as `{Self}`",
    note = "a struct or enum of your own: write `#[derive(AvroRead)]` above it",
    note = "otherwise use `bool`, `i32`, `i64`, `f32`, `f64`, `&str`, `String`, `&[u8]`, `Vec<u8>`, `Decimal`, `Uuid`, a type of \
            jiff for dates and times, or `Option`, `Vec`, `HashMap<&str, _>` or `Value` of these; Avro has no unsigned \
            numbers: read `i64`"
)]
pub trait AvroRead<'de>: Sized {
    /// Reads one value by the node that [`AvroType::compile`] of the same type made.
    ///
    /// # Errors
    /// When the bytes do not match the writer's schema or do not fit this type.
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError>;

    /// As [`AvroRead::read`], but writes each field of a struct where it will stay. Returning a struct of some hundred
    /// bytes through the `Result` and `Option` of each level would copy it at each level.
    #[doc(hidden)]
    #[inline(always)]
    fn fill<'p>(&mut self, node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<(), DecodeError> {
        *self = Self::read(node, cursor)?;
        Ok(())
    }

    /// A placeholder that costs nothing and that [`AvroRead::fill`] may overwrite. With `None`, a struct that has such a
    /// field is assembled from its parts instead.
    #[doc(hidden)]
    #[inline]
    fn blank() -> Option<Self> {
        None
    }

    /// The value of a field that the writer does not have. `None` for all types except `Option` and its wrappers, whose
    /// fields must be present. [`AvroType::OPTIONAL`] is the same at compile time.
    #[inline]
    fn absent() -> Option<Self> {
        None
    }
}

/// A type that a plan can be compiled for, without the lifetime of the bytes that its values borrow from.
///
/// For a type that borrows, this is implemented for its `'static` form: `Account<'static>` has `Of<'de> = Account<'de>`,
/// so that one `Plan<Account>` decodes bytes of any lifetime. The derive of [`AvroRead`] implements both traits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from Avro",
    label = "Avro has no type that reads as `{Self}`",
    note = "a struct or enum of your own: write `#[derive(AvroRead)]` above it",
    note = "otherwise use `bool`, `i32`, `i64`, `f32`, `f64`, `&str`, `String`, `&[u8]`, `Vec<u8>`, `Decimal`, `Uuid`, a type of \
            jiff for dates and times, or `Option`, `Vec`, `HashMap<&str, _>` or `Value` of these; Avro has no unsigned \
            numbers: read `i64`"
)]
pub trait AvroType: 'static {
    /// This type borrowing for `'de`.
    type Of<'de>: AvroRead<'de> + Send;

    /// Whether a field of this type may be missing from the writer: see [`AvroRead::absent`].
    const OPTIONAL: bool = false;

    /// Resolves a type of the writer's schema against this Rust type.
    ///
    /// # Errors
    /// When no value of the writer's type could be read.
    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError>;
}

/// Reads a type that is not a union from the writer's union. A cold function of its own, so that reading plain types can
/// be inlined into the structs that hold them.
#[cold]
#[inline(never)]
pub(crate) fn read_branch<'p, 'de, T: AvroRead<'de>>(
    node: &'p Node,
    cursor: &mut Cursor<'p, 'de>,
) -> Result<T, DecodeError> {
    let branch = cursor.branch(node)?;
    T::read(branch, cursor)
}
