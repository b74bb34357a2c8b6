//! A compiled plan as data: the operations to read by, the records, and what to skip.

use std::sync::Arc;

use crate::limits::Limits;
use crate::schema::Unit;
use crate::value::{Shape, Symbol, Value};

/// What a plan decodes by.
pub(crate) struct Program {
    pub(crate) root: Node,
    /// By index, since records recur and recurse. `None` for a record that did not resolve, in a branch that may fail.
    pub(crate) records: Vec<Option<RecordPlan>>,
    pub(crate) skippers: Vec<Arc<[SkipOp]>>,
    pub(crate) limits: Limits,
    /// The steps that compiling took.
    pub(crate) steps: u64,
}

/// How one value of the writer becomes one value of the reader. Made by [`crate::AvroType::compile`], used by the
/// [`crate::AvroRead::read`] of the same type.
#[derive(Debug)]
pub struct Node(pub(crate) Op);

/// Mostly what the writer wrote; the reading type knows what to make of it.
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
    /// An optional field that never costs the record.
    Lenient(Box<LenientNode>),
    /// A union of null and one other type, the most common one. `null` is the index of null.
    Nullable {
        null: bool,
        inner: Box<Node>,
    },
    /// The writer's union.
    Union(Box<[Branch]>),
    /// A branch of the reader's union where the writer has a single type.
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
    /// A decimal with a negative scale: `zeros` zeros follow its digits.
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

/// How a [`crate::Lenient`] value is read.
#[derive(Debug)]
pub(crate) struct LenientNode {
    /// `None` where no value of the writer's type can be read.
    pub(crate) node: Option<Node>,
    pub(crate) skip: Box<[SkipOp]>,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) item: Node,
    /// The fewest bytes that an item takes, a map's key included.
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
    /// The reader's fields in the order in which they were written, then those that were not.
    pub(crate) order: Box<[u32]>,
    /// Whether the reader's fields can be read one after the other.
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
    /// The writer's fields to skip between the previous field that is read and this one.
    pub(crate) before: Box<[SkipOp]>,
    pub(crate) node: Node,
    /// Whether there is something to skip before it, or the writer does not have it at all.
    pub(crate) detour: bool,
    /// The writer's name.
    pub(crate) name: Arc<str>,
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
}

/// One thing to skip. Text is not checked for UTF-8, since nothing reads it.
#[derive(Debug, Clone)]
pub(crate) enum SkipOp {
    /// Adjacent values of fixed size, together.
    Fixed(usize),
    /// Adjacent ints and longs.
    Varints(u32),
    /// One string or bytes.
    Bytes,
    /// A union of null and one other type.
    Nullable {
        null: bool,
        other: Box<[SkipOp]>,
    },
    Union(Box<[Box<[SkipOp]>]>),
    Array {
        min: u32,
        items: Box<[SkipOp]>,
    },
    /// Keys included in `min`.
    Map {
        min: u32,
        values: Box<[SkipOp]>,
    },
    /// By index, since records recur and recurse.
    Record(u32),
}
