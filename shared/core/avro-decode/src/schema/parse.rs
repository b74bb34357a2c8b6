//! Parses the text of a schema into the table of types.
//!
//! As liberal as registries are: any text that is not empty is a name, and a definition may be repeated if it is the same.
//! Work and memory are proportional to the text: each value is visited a fixed number of times, and the total length of
//! full names, which repeat their namespaces, is bounded.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::json::{Document, Json, Kind};
use super::primitives;
use super::types::{Enum, Field, Fixed, Inner, Name, Record, Schema, Type, TypeId};
use crate::error::SchemaError;
use crate::message_text::ShortName;

/// How much longer than the text all full names together may be, since short names may share a long namespace.
const NAMES_TO_TEXT: usize = 16;
/// Allowed in any case, in bytes.
const NAMES_AT_LEAST: usize = 1 << 20;

impl Schema {
    /// Parses one schema from its JSON text.
    ///
    /// Accepts what registries hold, even where the specification or Java's parser does not: names of any characters,
    /// comments, half of a surrogate pair, repeated definitions if each is the same. [`Schema::peculiarities`] lists
    /// those of a schema.
    ///
    /// # Errors
    /// When the text is not JSON, nests deeper than 1,000 arrays and objects or is not a valid schema. A default that does
    /// not fit its field is accepted: registries hold such schemas, and a writer's defaults are never used.
    pub fn parse(json: &str) -> Result<Self, SchemaError> {
        Self::parse_with_references(json, &[])
    }

    /// Parses a schema that uses named types of other schemas, as a registry's `references` do.
    ///
    /// The references may come in any order and may refer to one another.
    ///
    /// # Errors
    /// As [`Schema::parse`], and when a name stays undefined or has two definitions that differ.
    pub fn parse_with_references(json: &str, references: &[&str]) -> Result<Self, SchemaError> {
        let inner = parse(json, references)?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

fn parse(json: &str, references: &[&str]) -> Result<Inner, SchemaError> {
    let mut documents = Vec::new();
    let mut seen = HashSet::new();
    for reference in references {
        // The same schema may be reached by two paths of references.
        if seen.insert(*reference) {
            documents.push(document(reference)?);
        }
    }
    documents.push(document(json)?);
    let text: usize = json.len() + seen.iter().map(|reference| reference.len()).sum::<usize>();
    let mut parser = Parser {
        documents: &documents,
        document: 0,
        types: Vec::new(),
        names: HashMap::new(),
        names_left: text.saturating_mul(NAMES_TO_TEXT).max(NAMES_AT_LEAST),
        scratch: String::new(),
        again: Vec::new(),
        size: documents.iter().map(|document| document.len() as u64).sum(),
    };
    let mut root = TypeId(0);
    for (index, document) in documents.iter().enumerate() {
        parser.document = index;
        root = parser.node(document.root(), "")?;
    }
    parser.finish(root)
}

fn document(text: &str) -> Result<Document<'_>, SchemaError> {
    Document::parse(text).map_err(|problem| SchemaError::new(".", problem))
}

struct Parser<'d> {
    /// The references, then the schema itself.
    documents: &'d [Document<'d>],
    /// The index of the document that is being parsed.
    document: usize,
    /// `None` for a name that is used but not defined yet, or whose definition is not complete yet.
    types: Vec<Option<Type>>,
    names: HashMap<Arc<str>, Known>,
    /// The bytes left for further full names.
    names_left: usize,
    scratch: String,
    /// Types that are defined more than once, each time the same.
    again: Vec<TypeId>,
    size: u64,
}

/// What is known of a full name.
#[derive(Clone, Copy)]
struct Known {
    id: TypeId,
    state: State,
    /// Where it is defined, or used first.
    document: usize,
    index: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Used,
    /// Within its own definition.
    Open,
    Defined,
}

/// A definition that is being parsed.
struct Definition {
    id: TypeId,
    name: Name,
    aliases: Vec<Name>,
    /// The name is already defined, and this definition must be the same.
    again: bool,
}

impl<'d> Parser<'d> {
    fn node(&mut self, value: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        match value.kind() {
            Kind::Text | Kind::Escaped => self.by_name(value, value, namespace),
            Kind::Array => self.union(value, namespace),
            Kind::Object => self.object(value, namespace),
            Kind::Null | Kind::True | Kind::False | Kind::Number => {
                Err(self.error(value, "a schema is a name, an object or an array"))
            }
        }
    }

    fn object(&mut self, object: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let Some(kind) = object.get("type") else {
            return Err(self.error(object, "an object needs a `type`"));
        };
        match kind.as_text().as_deref() {
            Some("record" | "error") => self.record(object, namespace),
            Some("enum") => self.enumeration(object, namespace),
            Some("fixed") => self.fixed(object, namespace),
            Some("array") => {
                let items = self.child(object, "items", namespace)?;
                Ok(self.push(Type::Array(items)))
            }
            Some("map") => {
                let values = self.child(object, "values", namespace)?;
                Ok(self.push(Type::Map(values)))
            }
            Some(_) => self.by_name(kind, object, namespace),
            None if matches!(kind.kind(), Kind::Object | Kind::Array) => self.node(kind, namespace),
            None => Err(self.error(object, "an object needs a `type`")),
        }
    }

    fn child(&mut self, object: Json<'d>, key: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        match object.get(key) {
            Some(value) => self.node(value, namespace),
            None => Err(self.error(object, &format!("`{key}` is missing"))),
        }
    }

    /// A primitive, with its logical type if it has one, or a reference to a named type.
    fn by_name(&mut self, name: Json<'d>, attributes: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let text = name.as_text().unwrap_or_default();
        match primitives::primitive(&text, attributes) {
            Some(ty) => Ok(self.push(ty)),
            None => self.reference(name, &text, namespace),
        }
    }

    fn reference(&mut self, place: Json<'d>, name: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        self.qualify(place, name, namespace)?;
        if let Some(known) = self.names.get(self.scratch.as_str()) {
            return Ok(known.id);
        }
        Ok(self.know(place, State::Used).1)
    }

    #[inline(never)]
    fn union(&mut self, union: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let mut ids = Vec::new();
        let mut kinds = HashSet::new();
        for branch in union.items() {
            let id = self.node(branch, namespace)?;
            let kind = match self.types.get(id.0 as usize).and_then(Option::as_ref) {
                Some(Type::Union(_)) => return Err(self.error(branch, "a union may not hold a union")),
                // Named types differ by name: the same name is the same id.
                Some(Type::Record(_) | Type::Enum(_) | Type::Fixed(_)) | None => (None, id.0),
                Some(other) => (Some(std::mem::discriminant(other)), 0),
            };
            if !kinds.insert(kind) {
                return Err(self.error(branch, "a union may hold each type only once"));
            }
            ids.push(id);
        }
        Ok(self.push(Type::Union(ids)))
    }

    #[inline(never)]
    fn record(&mut self, object: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let definition = self.define(object, namespace)?;
        let inner = definition.name.clone();
        let Some(list) = object.get("fields").filter(|list| list.kind() == Kind::Array) else {
            return Err(self.error(object, "a record needs an array `fields`"));
        };
        let mut seen = HashSet::new();
        let mut fields = Vec::new();
        for field in list.items() {
            let Some(name) = field.get("name").and_then(Json::as_text) else {
                return Err(self.error(field, "a field needs a `name`"));
            };
            if name.is_empty() {
                return Err(self.error(field, "a field's name is empty"));
            }
            let Some(schema) = field.get("type") else {
                return Err(self.error(field, "a field needs a `type`"));
            };
            let schema = self.node(schema, inner.namespace())?;
            let aliases = texts(field.get("aliases")).map(Cow::into_owned).collect();
            let default = field.get("default").map(|default| default.as_json().into());
            fields.push(Field { name: (&*name).into(), aliases, schema, default });
            if !seen.insert(name) {
                return Err(self.error(field, "the record has this field twice"));
            }
        }
        let Definition { name, aliases, .. } = &definition;
        let ty = Type::Record(Record { name: name.clone(), aliases: aliases.clone(), fields });
        self.complete(object, definition, ty)
    }

    #[inline(never)]
    fn enumeration(&mut self, object: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let definition = self.define(object, namespace)?;
        let Some(list) = object.get("symbols").filter(|list| list.kind() == Kind::Array) else {
            return Err(self.error(object, "an enum needs an array `symbols`"));
        };
        let mut seen = HashMap::new();
        let mut symbols: Vec<Arc<str>> = Vec::new();
        for symbol in list.items() {
            let Some(text) = symbol.as_text() else {
                return Err(self.error(symbol, "a symbol is text"));
            };
            symbols.push((&*text).into());
            if seen.insert(text, symbols.len() - 1).is_some() {
                return Err(self.error(symbol, "the enum has a symbol twice"));
            }
        }
        let default = match object.get("default") {
            Some(default) if default.kind() != Kind::Null => {
                let known = default.as_text().and_then(|text| seen.get(&text).copied());
                Some(known.ok_or_else(|| self.error(default, "the default is not one of the symbols"))?)
            }
            _ => None,
        };
        let Definition { name, aliases, .. } = &definition;
        let (name, aliases) = (name.clone(), aliases.clone());
        let ty = Type::Enum(Enum { name, aliases, symbols: symbols.into(), default });
        self.complete(object, definition, ty)
    }

    #[inline(never)]
    fn fixed(&mut self, object: Json<'d>, namespace: &str) -> Result<TypeId, SchemaError> {
        let definition = self.define(object, namespace)?;
        let size = object.get("size").and_then(Json::as_u64).and_then(|size| u32::try_from(size).ok());
        let Some(size) = size.filter(|size| *size <= i32::MAX as u32) else {
            return Err(self.error(object, "a fixed needs a `size` in bytes"));
        };
        let logical = primitives::of_fixed(object, size);
        let Definition { name, aliases, .. } = &definition;
        let ty = Type::Fixed(Fixed { name: name.clone(), aliases: aliases.clone(), size, logical });
        self.complete(object, definition, ty)
    }

    /// Begins the definition of a named type.
    fn define(&mut self, object: Json<'d>, namespace: &str) -> Result<Definition, SchemaError> {
        let Some(name) = object.get("name").and_then(Json::as_text) else {
            return Err(self.error(object, "a named type needs a `name`"));
        };
        let declared = object.get("namespace").and_then(Json::as_text);
        let namespace = declared.as_deref().unwrap_or(namespace);
        self.qualify(object, &name, namespace)?;
        if self.scratch.ends_with('.') || self.scratch.is_empty() {
            return Err(self.error(object, "a type's name is empty"));
        }
        if primitives::primitive(&self.scratch, object).is_some() {
            let problem = format!("`{}` is the name of a primitive type", ShortName(&self.scratch));
            return Err(self.error(object, &problem));
        }
        let (name, id, again) = match self.names.get_key_value(self.scratch.as_str()) {
            Some((_, known)) if known.state == State::Open => {
                let problem = format!("`{}` is defined within its own definition", ShortName(&self.scratch));
                return Err(self.error(object, &problem));
            }
            Some((name, known)) => (name.clone(), known.id, known.state == State::Defined),
            None => {
                let (name, id) = self.know(object, State::Open);
                (name, id, false)
            }
        };
        if let (false, Some(known)) = (again, self.names.get_mut(&name)) {
            *known = Known { id, state: State::Open, document: self.document, index: object.index() };
        }
        let name = Name::new(name);
        let mut aliases = Vec::new();
        for alias in texts(object.get("aliases")) {
            self.qualify(object, &alias, name.namespace())?;
            aliases.push(Name::new(self.scratch.as_str().into()));
        }
        Ok(Definition { id, name, aliases, again })
    }

    fn complete(&mut self, object: Json<'d>, definition: Definition, ty: Type) -> Result<TypeId, SchemaError> {
        let Definition { id, name, again, .. } = definition;
        if again {
            let before = self.types.get(id.0 as usize).and_then(Option::as_ref);
            if !before.is_some_and(|before| self.same(before, &ty)) {
                let name = ShortName(&name.full).to_string();
                let other = self.names.get(&name_of(&ty)).map(|known| self.place(*known)).unwrap_or_default();
                let problem = format!("`{name}` is defined twice and not the same each time: also at {other}");
                return Err(self.error(object, &problem));
            }
            self.again.push(id);
            return Ok(id);
        }
        if let Some(known) = self.names.get_mut(&name.full) {
            known.state = State::Defined;
        }
        if let Some(slot) = self.types.get_mut(id.0 as usize) {
            *slot = Some(ty);
        }
        Ok(id)
    }

    /// Whether two types are the same in everything that decoding uses; documentation and other attributes may differ.
    fn same(&self, a: &Type, b: &Type) -> bool {
        match (a, b) {
            (Type::Record(a), Type::Record(b)) => {
                let same = |(a, b): (&Field, &Field)| {
                    let defaults = match (&a.default, &b.default) {
                        (Some(a), Some(b)) => match (Document::parse(a), Document::parse(b)) {
                            (Ok(a), Ok(b)) => a.root().same_as(b.root()),
                            _ => false,
                        },
                        (a, b) => a.is_none() && b.is_none(),
                    };
                    a.name == b.name && a.aliases == b.aliases && defaults && self.same_type(a.schema, b.schema)
                };
                a.aliases == b.aliases && a.fields.len() == b.fields.len() && a.fields.iter().zip(&b.fields).all(same)
            }
            (Type::Enum(a), Type::Enum(b)) => {
                (&a.aliases, &a.symbols, a.default) == (&b.aliases, &b.symbols, b.default)
            }
            (Type::Fixed(a), Type::Fixed(b)) => (&a.aliases, a.size, a.logical) == (&b.aliases, b.size, b.logical),
            (Type::Array(a), Type::Array(b)) | (Type::Map(a), Type::Map(b)) => self.same_type(*a, *b),
            (Type::Union(a), Type::Union(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same_type(*a, *b))
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && a.logical() == b.logical(),
        }
    }

    fn same_type(&self, a: TypeId, b: TypeId) -> bool {
        let of = |id: TypeId| self.types.get(id.0 as usize).and_then(Option::as_ref).filter(|ty| ty.name().is_none());
        // Named types are the same by their id, also those that are not defined yet.
        a == b || matches!((of(a), of(b)), (Some(a), Some(b)) if self.same(a, b))
    }

    /// Puts the full name into `scratch`. A dotted name is already full; any other takes the namespace.
    fn qualify(&mut self, place: Json<'d>, name: &str, namespace: &str) -> Result<(), SchemaError> {
        self.scratch.clear();
        if name.contains('.') {
            // A leading dot means "no namespace".
            self.scratch.push_str(name.strip_prefix('.').unwrap_or(name));
        } else if namespace.is_empty() {
            self.scratch.push_str(name);
        } else {
            self.scratch.push_str(namespace);
            self.scratch.push('.');
            self.scratch.push_str(name);
        }
        self.size += self.scratch.len() as u64 / 64;
        match self.names_left.checked_sub(self.scratch.len()) {
            Some(left) => {
                self.names_left = left;
                Ok(())
            }
            None => Err(self.error(place, "the namespaces are too long for so many names")),
        }
    }

    /// Adds a new name whose type follows.
    fn know(&mut self, place: Json<'d>, state: State) -> (Arc<str>, TypeId) {
        let name: Arc<str> = self.scratch.as_str().into();
        let id = TypeId(self.types.len() as u32);
        self.types.push(None);
        self.names.insert(name.clone(), Known { id, state, document: self.document, index: place.index() });
        (name, id)
    }

    fn push(&mut self, ty: Type) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.types.push(Some(ty));
        id
    }

    fn finish(mut self, mut root: TypeId) -> Result<Inner, SchemaError> {
        // An undotted name within a namespace may refer to a type without a namespace.
        let mut undefined: Vec<_> = self.names.iter().filter(|(_, known)| known.state == State::Used).collect();
        undefined.sort_by_key(|(_, known)| known.id);
        let mut instead = HashMap::new();
        for (name, known) in undefined {
            let simple = name.rsplit('.').next().unwrap_or(name);
            match self.names.get(simple) {
                Some(other) if other.state == State::Defined => {
                    instead.insert(known.id, other.id);
                }
                _ => {
                    let problem = format!("`{}` is not defined", ShortName(name));
                    self.document = known.document;
                    let place = self.documents.get(known.document).map(|document| document.at(known.index));
                    return Err(place
                        .map_or_else(|| SchemaError::new(".", problem.clone()), |place| self.error(place, &problem)));
                }
            }
        }
        let follow = |id: &mut TypeId| {
            if let Some(&other) = instead.get(id) {
                *id = other;
            }
        };
        let mut types = Vec::with_capacity(self.types.len());
        for slot in self.types {
            let mut ty = slot.unwrap_or(Type::Null);
            match &mut ty {
                Type::Array(id) | Type::Map(id) => follow(id),
                Type::Union(branches) => branches.iter_mut().for_each(follow),
                Type::Record(record) => record.fields.iter_mut().for_each(|f| follow(&mut f.schema)),
                _ => {}
            }
            types.push(ty);
        }
        follow(&mut root);
        Ok(Inner { types, root, again: self.again, size: self.size })
    }

    #[cold]
    fn error(&self, place: Json<'_>, problem: &str) -> SchemaError {
        SchemaError::new(place.path(), format!("{problem}{}", self.of_reference(self.document)))
    }

    fn place(&self, known: Known) -> String {
        let path = self.documents.get(known.document).map(|document| document.at(known.index).path());
        format!("`{}`{}", path.unwrap_or_default(), self.of_reference(known.document))
    }

    /// Which reference the document is; empty for the schema itself.
    fn of_reference(&self, document: usize) -> String {
        if document + 1 == self.documents.len() { String::new() } else { format!(" (in reference {})", document + 1) }
    }
}

fn name_of(ty: &Type) -> Arc<str> {
    ty.name().map_or_else(|| "".into(), |name| name.full.clone())
}

fn texts<'d>(list: Option<Json<'d>>) -> impl Iterator<Item = Cow<'d, str>> {
    list.into_iter().flat_map(Json::items).filter_map(Json::as_text)
}
