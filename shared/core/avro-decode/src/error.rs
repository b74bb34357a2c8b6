//! Errors of the three steps: parsing a schema, resolving it against a reader, decoding a datum.
//!
//! Messages name schema paths, offsets and rules. They never contain a value, a map key or any other byte of a datum. Of a
//! schema they quote only names, each cut to some length, so a message has at most 4 KiB for any schema.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::message_text::{ShortName, ends};

/// A schema is not valid Avro: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schema at `{path}`: {problem}")]
pub struct SchemaError {
    path: String,
    problem: String,
}

impl SchemaError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }

    /// Where in the schema, as `field.items`; `.` for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The bounded name of this failure for metrics and dead letters.
    pub fn code(&self) -> &'static str {
        "avro_schema_invalid"
    }
}

/// The rule of schema resolution that a writer schema and a reader break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// The types neither match nor promote.
    TypeMismatch,
    /// Named types with different names and no alias.
    NameMismatch,
    /// The writer has no such field and the reader has no default for it.
    MissingField,
    /// A fixed of another size.
    FixedSize,
    /// None of the writer's union branches, or no branch of the reader's union, resolves.
    NoUnionBranch,
    /// A long read into 32 bits, a double into a float, and the like.
    Narrowing,
    /// The reader needs a logical type that the writer does not have.
    LogicalType,
    /// A default value that does not fit its own schema.
    InvalidDefault,
    /// The writer's enum has symbols that the reader's does not have, and the reader's has no default.
    EnumSymbols,
    /// The types of writer and reader nest deeper than a plan may.
    TooDeep,
    /// Resolving the two would take far more steps than they have parts.
    TooManySteps,
}

impl Rule {
    fn code(self) -> &'static str {
        match self {
            Rule::TypeMismatch => "avro_resolve_type",
            Rule::NameMismatch => "avro_resolve_name",
            Rule::MissingField => "avro_resolve_missing_field",
            Rule::FixedSize => "avro_resolve_fixed_size",
            Rule::NoUnionBranch => "avro_resolve_union",
            Rule::Narrowing => "avro_resolve_narrowing",
            Rule::LogicalType => "avro_resolve_logical_type",
            Rule::InvalidDefault => "avro_resolve_default",
            Rule::EnumSymbols => "avro_resolve_symbols",
            Rule::TooDeep => "avro_resolve_depth",
            Rule::TooManySteps => "avro_resolve_steps",
        }
    }
}

/// A reader cannot read what a schema writes. Found once, when the plan is compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("writer `{}`, reader `{}`: {}; {}", .0.writer_path, .0.reader_path, .0.problem, .0.remedy)]
pub struct ResolveError(Box<Unresolved>);

/// Boxed, so that a result is small: resolving recurses with the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unresolved {
    writer_path: String,
    reader_path: String,
    rule: Rule,
    problem: String,
    remedy: Cow<'static, str>,
}

impl ResolveError {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(
        writer_path: String,
        reader_path: String,
        rule: Rule,
        problem: String,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Unresolved { writer_path, reader_path, rule, problem, remedy: remedy.into() }))
    }

    /// Where in the writer's schema, as `Envelope.after.balance`.
    pub fn writer_path(&self) -> &str {
        &self.0.writer_path
    }

    /// Where in the reader's type or schema.
    pub fn reader_path(&self) -> &str {
        &self.0.reader_path
    }

    /// Which rule is broken.
    pub fn rule(&self) -> Rule {
        self.0.rule
    }

    /// What is wrong, without the place and the remedy.
    pub fn problem(&self) -> &str {
        &self.0.problem
    }

    /// What to change in the reader.
    pub fn remedy(&self) -> &str {
        &self.0.remedy
    }

    /// The bounded name of this failure for metrics and dead letters.
    pub fn code(&self) -> &'static str {
        self.0.rule.code()
    }
}

/// Why a datum could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The datum ends inside a value, or a length claims more than is left.
    Truncated,
    /// A variable-length integer of more than ten bytes, or beyond 64 bits.
    VarintOverflow,
    /// An `int` beyond 32 bits.
    IntOverflow,
    /// A negative length.
    NegativeLength,
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// A boolean byte other than 0 and 1.
    InvalidBoolean,
    /// A union index that the writer's schema does not have.
    UnionIndex,
    /// A union branch that the reader cannot take.
    UnionBranch,
    /// An enum index that the writer's schema does not have.
    EnumIndex,
    /// An enum symbol that the reader does not have and has no default for.
    EnumSymbol,
    /// A block claims more items than the bytes left could hold.
    BlockCount,
    /// More values without bytes than [`crate::Limits::max_zero_size_items`] allows.
    ZeroSizeItems,
    /// Records, lists and maps nest deeper than [`crate::Limits::max_depth`].
    Depth,
    /// The decoded value would outgrow [`crate::Limits::max_output_bytes`].
    OutputSize,
    /// Bytes are left after the datum.
    TrailingBytes,
    /// A decimal beyond 128 bits: read it as [`crate::DecimalBytes`].
    DecimalOverflow,
    /// A date or time outside of its type's range.
    TemporalRange,
    /// Not a UUID.
    InvalidUuid,
    /// The plan was compiled for another type: a bug in this crate or in a hand-written [`crate::AvroRead`].
    PlanMismatch,
    /// A check of the reading type itself, with its code.
    Custom(&'static str),
}

impl DecodeErrorKind {
    fn code(self) -> &'static str {
        match self {
            Self::Truncated => "avro_truncated",
            Self::VarintOverflow => "avro_varint_overflow",
            Self::IntOverflow => "avro_int_overflow",
            Self::NegativeLength => "avro_negative_length",
            Self::InvalidUtf8 => "avro_invalid_utf8",
            Self::InvalidBoolean => "avro_invalid_boolean",
            Self::UnionIndex => "avro_union_index",
            Self::UnionBranch => "avro_union_branch",
            Self::EnumIndex => "avro_enum_index",
            Self::EnumSymbol => "avro_enum_symbol",
            Self::BlockCount => "avro_block_count",
            Self::ZeroSizeItems => "avro_zero_size_items",
            Self::Depth => "avro_depth",
            Self::OutputSize => "avro_output_size",
            Self::TrailingBytes => "avro_trailing_bytes",
            Self::DecimalOverflow => "avro_decimal_overflow",
            Self::TemporalRange => "avro_temporal_range",
            Self::InvalidUuid => "avro_invalid_uuid",
            Self::PlanMismatch => "avro_plan_mismatch",
            Self::Custom(code) => code,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Truncated => "the datum ends inside this value",
            Self::VarintOverflow => "the integer has more than 64 bits",
            Self::IntOverflow => "the int has more than 32 bits",
            Self::NegativeLength => "the length is negative",
            Self::InvalidUtf8 => "the string is not UTF-8",
            Self::InvalidBoolean => "the boolean is neither 0 nor 1",
            Self::UnionIndex => "the writer's union has no such branch",
            Self::UnionBranch => "the reader does not take this branch of the writer's union",
            Self::EnumIndex => "the writer's enum has no such symbol",
            Self::EnumSymbol => "the reader's enum has no such symbol and no default",
            Self::BlockCount => "the block claims more items than the bytes left can hold",
            Self::ZeroSizeItems => "there are too many values that take no bytes",
            Self::Depth => "records, lists or maps nest too deeply",
            Self::OutputSize => "the decoded value would be too large",
            Self::TrailingBytes => "bytes are left after the datum",
            Self::DecimalOverflow => "the decimal has more than 128 bits",
            Self::TemporalRange => "the date or time is out of range",
            Self::InvalidUuid => "not a UUID",
            Self::PlanMismatch => "the plan was compiled for another type",
            Self::Custom(code) => code,
        }
    }
}

/// A datum could not be decoded: where, at which byte, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: DecodeErrorKind,
    offset: usize,
    /// Innermost first: a segment is pushed by each caller on the way out.
    path: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Field(Arc<str>),
    Item(usize),
    /// The number of a map's entry; its key is row data.
    Entry(usize),
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self(Box::new(Inner { kind, offset, path: Vec::new() }))
    }

    #[cold]
    pub(crate) fn inside(mut self, segment: Segment) -> Self {
        self.0.path.push(segment);
        self
    }

    /// Why.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// The offset in bytes from the start of the datum.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The path of the value from the root, as `after.tags[3]`; empty for the root itself.
    ///
    /// Names are those of the writer's schema. Map entries are numbered (`labels{2}`), since their keys are data. The middle
    /// of a long path is left out.
    pub fn path(&self) -> String {
        let mut text = String::new();
        let segments: Vec<&Segment> = self.0.path.iter().rev().collect();
        for segment in ends(&segments) {
            let dot = if text.is_empty() { "" } else { "." };
            text.push_str(&match segment {
                Ok(Segment::Field(name)) => format!("{dot}{}", ShortName(name)),
                Ok(Segment::Item(index)) => format!("[{index}]"),
                Ok(Segment::Entry(index)) => format!("{{{index}}}"),
                Err(left_out) => format!("{dot}…{left_out} levels…"),
            });
        }
        text
    }

    /// The bounded name of this failure for metrics and dead letters.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        let path = if path.is_empty() { "the datum" } else { path.as_str() };
        write!(f, "{path} at byte {}: {}", self.0.offset, self.0.kind.text())
    }
}

impl std::error::Error for DecodeError {}
