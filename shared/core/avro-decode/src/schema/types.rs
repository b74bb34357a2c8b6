//! A schema in memory: a flat table of types that refer to one another by index.

use std::fmt;
use std::sync::Arc;

use super::logical::Logical;
use crate::message_text::ShortName;
use crate::value::Shape;

/// A parsed Avro schema: of a writer, or of a generic reader.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) types: Vec<Type>,
    pub(super) root: TypeId,
    /// Types that are defined more than once, each time the same.
    pub(super) again: Vec<TypeId>,
    /// The steps of parsing: a JSON value, or 64 bytes of a name. Resolving may take a multiple of this.
    pub(super) size: u64,
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

    /// The aliases of a named type, as full names.
    pub(crate) fn aliases(&self) -> &[Name] {
        match self {
            Type::Record(r) => &r.aliases,
            Type::Enum(e) => &e.aliases,
            Type::Fixed(f) => &f.aliases,
            _ => &[],
        }
    }

    pub(crate) fn logical(&self) -> Option<Logical> {
        match self {
            Type::Int(logical) | Type::Long(logical) | Type::Bytes(logical) | Type::String(logical) => *logical,
            Type::Fixed(fixed) => fixed.logical,
            _ => None,
        }
    }
}

/// A full name: `namespace.simple`.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) full: Arc<str>,
    /// Where the part after the last dot begins.
    simple: usize,
}

impl Name {
    pub(super) fn new(full: Arc<str>) -> Self {
        let simple = full.rfind('.').map_or(0, |dot| dot + 1);
        Self { full, simple }
    }

    /// The part after the last dot, by which the specification matches named types.
    pub(crate) fn simple(&self) -> &str {
        self.full.get(self.simple..).unwrap_or_default()
    }

    /// The part before the last dot; empty without one.
    pub(super) fn namespace(&self) -> &str {
        self.full.get(..self.simple.saturating_sub(1)).unwrap_or_default()
    }

    /// The steps that comparing it costs.
    pub(crate) fn cost(&self) -> u64 {
        self.full.len() as u64 / 64
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.full == other.full
    }
}

impl Eq for Name {}

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

impl Record {
    /// The names that its values share.
    pub(crate) fn shape(&self) -> Arc<Shape> {
        Shape::new(self.name.full.clone(), self.fields.iter().map(|field| field.name.clone()).collect())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) aliases: Vec<String>,
    pub(crate) schema: TypeId,
    /// As JSON; parsed only where a reader needs it.
    pub(crate) default: Option<Box<str>>,
}

impl Schema {
    /// The steps that parsing took, for tests of what a schema may cost. A step is a JSON value, or 64 bytes of a name.
    #[doc(hidden)]
    pub fn steps(&self) -> u64 {
        self.inner.size
    }

    pub(crate) fn root(&self) -> TypeId {
        self.inner.root
    }

    pub(crate) fn get(&self, id: TypeId) -> &Type {
        // Ids come from this schema's own parser; a foreign one reads as null instead of panicking.
        self.inner.types.get(id.0 as usize).unwrap_or(&Type::Null)
    }

    pub(crate) fn len(&self) -> usize {
        self.inner.types.len()
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.inner.types.iter()
    }

    /// A type's description for messages: `long`, `record a.b.C`.
    pub(crate) fn describe(&self, id: TypeId) -> String {
        let named = |kind: &str, name: &Name| format!("{kind} {}", ShortName(&name.full));
        let logical = |kind: &str, logical: &Option<Logical>| match logical {
            Some(Logical::OddDecimal { .. }) => format!("{kind} (a decimal whose precision and scale do not fit)"),
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
            Type::Fixed(f) => format!("fixed {} of {} bytes", ShortName(&f.name.full), f.size),
            Type::Enum(e) => named("enum", &e.name),
            Type::Array(_) => "array".into(),
            Type::Map(_) => "map".into(),
            Type::Union(_) => "union".into(),
            Type::Record(r) => named("record", &r.name),
        }
    }
}

/// Shows only the root's description: a schema may be long, and stays out of logs.
impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.describe(self.root()))
    }
}
