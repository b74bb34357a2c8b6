//! Avro schemas as decoding needs them: a flat table of types, names resolved, logical types kept.
//!
//! A parser of our own, because a decoder has to accept every schema that a registry holds: `apache-avro` refuses
//! some that the 1.12 specification allows, such as `["null","string"]` with a string default.

mod default;
mod parse;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use default::default_value;

use crate::error::SchemaError;

/// A parsed Avro schema: of a writer, or of a generic reader.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

struct Inner {
    types: Vec<Type>,
    root: TypeId,
}

/// The index of a type within its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

#[derive(Debug, Clone)]
pub(crate) enum Type {
    Null,
    Boolean,
    Int(Option<Logical>),
    Long(Option<Logical>),
    Float,
    Double,
    Bytes(Option<Logical>),
    String(Option<Logical>),
    Fixed(Fixed),
    Enum(Enum),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record(Record),
}

/// The logical types that change how this crate reads a value; an unknown or invalid one is ignored, as the
/// specification asks ("Logical Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    Decimal { precision: u32, scale: u32 },
    Uuid,
    Date,
    Time(Unit),
    Timestamp(Unit),
    LocalTimestamp(Unit),
    Duration,
}

impl Type {
    /// The name of a named type.
    pub(crate) fn name(&self) -> Option<&Name> {
        match self {
            Type::Record(r) => Some(&r.name),
            Type::Enum(e) => Some(&e.name),
            Type::Fixed(f) => Some(&f.name),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// A full name: `namespace.simple`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) full: Arc<str>,
}

impl Name {
    /// The part after the last dot, by which the specification matches named types.
    pub(crate) fn simple(&self) -> &str {
        self.full.rsplit('.').next().unwrap_or(&self.full)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) name: Name,
    pub(crate) aliases: Vec<Name>,
    pub(crate) size: u32,
    pub(crate) logical: Option<Logical>,
}

#[derive(Debug, Clone)]
pub(crate) struct Enum {
    pub(crate) name: Name,
    pub(crate) aliases: Vec<Name>,
    pub(crate) symbols: Arc<[Arc<str>]>,
    pub(crate) default: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) name: Name,
    pub(crate) aliases: Vec<Name>,
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) aliases: Vec<String>,
    pub(crate) schema: TypeId,
    pub(crate) default: Option<serde_json::Value>,
}

impl Schema {
    /// Parses one schema from its JSON text.
    ///
    /// # Errors
    /// When the text is not JSON, nests deeper than 128 levels or is not a valid schema. A default that does not fit
    /// its field is no error here: registries hold such schemas, and a writer's defaults are never used.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        Self::parse_with_references(json, &[])
    }

    /// Parses a schema that uses named types of other schemas, as a registry's `references` do.
    ///
    /// The references may be in any order and may refer to one another.
    ///
    /// # Errors
    /// As [`Schema::parse`], and when a name stays undefined or is defined twice.
    pub fn parse_with_references(json: &str, references: &[&str]) -> Result<Self, SchemaError> {
        let (types, root) = parse::parse(json, references)?;
        Ok(Self { inner: Arc::new(Inner { types, root }) })
    }

    pub(crate) fn root(&self) -> TypeId {
        self.inner.root
    }

    pub(crate) fn get(&self, id: TypeId) -> &Type {
        // Ids come from the parser of this very schema; a foreign one reads as null rather than as a panic.
        self.inner.types.get(id.0 as usize).unwrap_or(&Type::Null)
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.types.len()
    }

    /// What to call a type in a message: `long`, `record a.b.C`.
    pub(crate) fn describe(&self, id: TypeId) -> String {
        let named = |kind: &str, name: &Name| format!("{kind} {}", name.full);
        let logical = |kind: &str, logical: &Option<Logical>| match logical {
            Some(l) => format!("{kind} ({})", l.name()),
            None => kind.to_owned(),
        };
        match self.get(id) {
            Type::Null => "null".into(),
            Type::Boolean => "boolean".into(),
            Type::Int(l) => logical("int", l),
            Type::Long(l) => logical("long", l),
            Type::Float => "float".into(),
            Type::Double => "double".into(),
            Type::Bytes(l) => logical("bytes", l),
            Type::String(l) => logical("string", l),
            Type::Fixed(f) => format!("fixed {} of {} bytes", f.name.full, f.size),
            Type::Enum(e) => named("enum", &e.name),
            Type::Array(_) => "array".into(),
            Type::Map(_) => "map".into(),
            Type::Union(_) => "union".into(),
            Type::Record(r) => named("record", &r.name),
        }
    }

    /// The least bytes that a value of each type takes, for bounding block counts. A lower bound where types recurse.
    pub(crate) fn min_sizes(&self) -> Vec<u32> {
        let mut sizes = HashMap::new();
        (0..self.len()).map(|i| self.min_size(TypeId(i as u32), &mut sizes, 0)).collect()
    }

    fn min_size(&self, id: TypeId, known: &mut HashMap<TypeId, u32>, depth: u32) -> u32 {
        // Beyond this depth 0 is still a lower bound; it keeps a hostile chain of types off the stack.
        if depth > 200 {
            return 0;
        }
        if let Some(&size) = known.get(&id) {
            return size;
        }
        known.insert(id, 0);
        let size = match self.get(id) {
            Type::Null => 0,
            Type::Float => 4,
            Type::Double => 8,
            Type::Fixed(f) => f.size,
            Type::Record(r) => {
                r.fields.iter().fold(0u32, |sum, f| sum.saturating_add(self.min_size(f.schema, known, depth + 1)))
            }
            Type::Union(branches) => {
                1 + branches.iter().map(|&b| self.min_size(b, known, depth + 1)).min().unwrap_or(0)
            }
            _ => 1,
        };
        known.insert(id, size);
        size
    }
}

impl Logical {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Logical::Decimal { .. } => "decimal",
            Logical::Uuid => "uuid",
            Logical::Date => "date",
            Logical::Time(Unit::Millis) => "time-millis",
            Logical::Time(_) => "time-micros",
            Logical::Timestamp(Unit::Millis) => "timestamp-millis",
            Logical::Timestamp(Unit::Micros) => "timestamp-micros",
            Logical::Timestamp(Unit::Nanos) => "timestamp-nanos",
            Logical::LocalTimestamp(Unit::Millis) => "local-timestamp-millis",
            Logical::LocalTimestamp(Unit::Micros) => "local-timestamp-micros",
            Logical::LocalTimestamp(Unit::Nanos) => "local-timestamp-nanos",
            Logical::Duration => "duration",
        }
    }
}

/// Only the root's description: a schema body may be long, and stays out of logs.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.describe(self.root()))
    }
}
