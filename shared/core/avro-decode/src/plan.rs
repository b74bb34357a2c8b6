//! Plans: what a writer schema and a reader resolve to, and decoding by them.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, ResolveError, Segment};
use crate::limits::Limits;
use crate::read::{AvroRead, AvroType};
use crate::schema::{Schema, Unit};
use crate::skip::SkipOp;
use crate::value::{Shape, Symbol, Value};

/// A writer schema and a reader type, resolved once: decodes any number of data.
///
/// A plan is immutable and shared between threads by reference or `Arc`.
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
///         {"name": "bio", "type": "string"},
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
    /// When some datum of the writer could never be read as `T`: a field that is missing, a type that neither matches
    /// nor promotes. The error names the place in both and what to change.
    pub fn compile(writer: &Schema, limits: &Limits) -> Result<Self, ResolveError> {
        let program = Compiler::run(writer, None, limits, T::compile)?;
        Ok(Self::of(program))
    }

    /// Decodes a whole datum, without frame: the bytes after the schema id.
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

    /// As [`Plan::decode`], into a place of the caller's: a struct of many fields is written where it stays.
    ///
    /// # Errors
    /// As [`Plan::decode`]; `place` then holds nothing that means anything.
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

    /// The steps that compiling took, for tests of what a schema may cost: types, fields, branches and symbols that were
    /// looked at, and 64 bytes of names each.
    #[doc(hidden)]
    pub fn steps(&self) -> u64 {
        self.program.steps
    }

    /// Decodes a datum, and says how many operations of skipping it took: for tests of what a datum may cost.
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
    /// Resolves `writer` against a reader's schema, by the rules of the specification, names included.
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

/// What a plan decodes by.
pub(crate) struct Program {
    pub(crate) root: Node,
    /// Records by index, since they recur and recurse. `None` did not resolve, within a branch that did not have to.
    pub(crate) records: Vec<Option<RecordPlan>>,
    pub(crate) skippers: Vec<Arc<[SkipOp]>>,
    pub(crate) limits: Limits,
    /// What compiling took.
    pub(crate) steps: u64,
}

/// How one value of the writer becomes one value of the reader. Made by [`crate::AvroType::compile`], used by the
/// [`crate::AvroRead::read`] of the same type.
#[derive(Debug)]
pub struct Node(pub(crate) Op);

/// Mostly what the writer wrote; what becomes of it the reading type knows.
#[derive(Debug)]
pub(crate) enum Op {
    /// Not written: the reader's default.
    Absent,
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(u32),
    Array(Box<List>),
    Map(Box<List>),
    Record(u32),
    /// A record whose values take no bytes.
    Hollow(u32),
    /// What may be unreadable.
    Wished(Box<Wish>),
    /// Null and one other: the commonest union. `null` is the index of null.
    Nullable {
        null: bool,
        inner: Box<Node>,
    },
    /// The writer's union.
    Union(Box<[Branch]>),
    /// The reader's union, where the writer has none.
    Variant(u32, Box<Node>),
    /// The reader's symbol for each of the writer's; `u32::MAX` for none.
    Enum(Arc<[u32]>),
    /// An enum read from text.
    Symbols {
        names: Box<[(String, u32)]>,
        default: u32,
    },
    Skip(Box<[SkipOp]>),
    /// Bytes, or fixed of a size.
    Decimal {
        scale: u32,
        fixed: Option<u32>,
    },
    /// A decimal of a scale below zero: so many zeros follow its digits.
    DecimalTimes {
        zeros: u32,
        fixed: Option<u32>,
    },
    Date,
    Time(Unit),
    Timestamp(Unit),
    /// For generic values.
    Promote(Promotion),
    /// For generic values: symbols of the reader for each of the writer's.
    SymbolOf(Arc<[Option<Symbol>]>),
}

/// How a value is read that the reader can do without.
#[derive(Debug)]
pub(crate) struct Wish {
    /// `None` where no value of the writer's type can be read.
    pub(crate) node: Option<Node>,
    pub(crate) skip: Box<[SkipOp]>,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) item: Node,
    /// The least bytes of an item, a map's key included.
    pub(crate) min: u32,
}

#[derive(Debug)]
pub(crate) enum Branch {
    Null,
    Node(Node),
    Variant(u32, Node),
    /// Does not resolve; an error when it occurs.
    Mismatch,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Promotion {
    IntToLong,
    IntToFloat,
    IntToDouble,
    LongToFloat,
    LongToDouble,
    FloatToDouble,
    BytesToString,
    StringToBytes,
}

/// How one record is read. Only for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct RecordPlan {
    /// By the reader's field.
    pub(crate) slots: Box<[Slot]>,
    /// The reader's fields in the order in which they were written; at the end those that were not.
    pub(crate) order: Box<[u32]>,
    /// The reader's fields can be read one after the other.
    pub(crate) straight: bool,
    pub(crate) after: Box<[SkipOp]>,
    /// For generic values.
    pub(crate) shape: Option<Arc<Shape>>,
    /// For generic values, by the reader's field.
    pub(crate) defaults: Box<[Option<Value<'static>>]>,
}

/// One of the reader's fields. Only for generated code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Slot {
    /// What the writer put before it, since the previous field that is read.
    before: Box<[SkipOp]>,
    node: Node,
    /// Whether there is something before it, or the writer does not have it at all.
    detour: bool,
    /// The writer's name.
    name: Arc<str>,
}

impl RecordPlan {
    /// The fields in the reader's order, if they can be read one after the other.
    #[inline]
    pub fn straight(&self) -> Option<&[Slot]> {
        self.straight.then_some(&*self.slots)
    }

    /// The fields in the writer's order, then those that the writer does not have, each with its number.
    pub fn in_order(&self) -> impl Iterator<Item = (u32, &Slot)> {
        self.order.iter().filter_map(|&index| Some((index, self.slots.get(index as usize)?)))
    }
}

impl Slot {
    pub(crate) fn new(before: Box<[SkipOp]>, node: Node, name: Arc<str>) -> Self {
        let detour = !before.is_empty() || matches!(node.0, Op::Absent);
        Self { before, node, detour, name }
    }

    /// Reads the field; `out` becomes `default` if the writer does not have it.
    #[inline(always)]
    pub fn fill<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if self.detour {
            if let Op::Absent = self.node.0 {
                *out = default().ok_or_else(|| cursor.unplanned())?;
                return Ok(());
            }
            cursor.skip(&self.before)?;
        }
        // What fits registers is best returned.
        let result = if size_of::<T>() <= 32 {
            T::read(&self.node, cursor).map(|value| *out = value)
        } else {
            out.fill(&self.node, cursor)
        };
        result.map_err(|error| self.in_field(error))
    }

    /// As [`Slot::fill`], for the loop over fields that were written in another order: what is large is read apart, once
    /// for all fields of a type.
    #[inline(always)]
    pub fn fill_in_loop<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if size_of::<T>() <= 32 { self.fill(out, cursor, default) } else { self.fill_apart(out, cursor, default) }
    }

    #[inline(never)]
    fn fill_apart<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        self.fill(out, cursor, default)
    }

    /// Reads the field of a struct that is put together from its parts.
    #[inline]
    pub fn part<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut Option<T>,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if self.detour {
            if let Op::Absent = self.node.0 {
                *out = default();
                return Ok(());
            }
            cursor.skip(&self.before)?;
        }
        *out = Some(T::read(&self.node, cursor).map_err(|error| self.in_field(error))?);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn in_field(&self, error: DecodeError) -> DecodeError {
        error.inside(Segment::Field(self.name.clone()))
    }
}
