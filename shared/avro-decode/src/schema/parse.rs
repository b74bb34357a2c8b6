//! JSON text to the table of types.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Enum, Field, Fixed, Logical, Name, Record, Type, TypeId, Unit};
use crate::error::SchemaError;

pub(super) fn parse(json: &str, references: &[&str]) -> Result<(Vec<Type>, TypeId), SchemaError> {
    let mut parser = Parser::default();
    let mut seen = HashSet::new();
    for reference in references {
        // The same schema may be reached over two paths of references.
        if seen.insert(*reference) {
            parser.schema(reference)?;
        }
    }
    let root = parser.schema(json)?;
    parser.finish(root)
}

#[derive(Default)]
struct Parser {
    /// `None` is a name that is used but not yet defined.
    types: Vec<Option<Type>>,
    names: HashMap<Arc<str>, TypeId>,
    /// Names without a definition so far, with where they were used first.
    undefined: HashMap<TypeId, (Arc<str>, String)>,
    path: Vec<String>,
}

impl Parser {
    fn schema(&mut self, json: &str) -> Result<TypeId, SchemaError> {
        // serde_json refuses to nest deeper than 128 levels, which bounds every recursion below.
        let value: Value = serde_json::from_str(json)
            .map_err(|e| SchemaError::new(".", format!("not JSON: {}", describe_json(&e))))?;
        self.node(&value, "")
    }

    fn finish(mut self, root: TypeId) -> Result<(Vec<Type>, TypeId), SchemaError> {
        // A name without namespace inside of one may mean a type without namespace.
        let undefined: Vec<_> = self.undefined.drain().collect();
        let mut instead = HashMap::new();
        for (id, (name, path)) in undefined {
            let simple = name.rsplit('.').next().unwrap_or(&name);
            match self.names.get(simple) {
                Some(&other) if other != id && self.types.get(other.0 as usize).is_some_and(Option::is_some) => {
                    instead.insert(id, other);
                }
                _ => return Err(SchemaError::new(path, format!("`{name}` is not defined"))),
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
        let mut root = root;
        follow(&mut root);
        Ok((types, root))
    }

    fn node(&mut self, value: &Value, namespace: &str) -> Result<TypeId, SchemaError> {
        match value {
            Value::String(name) => self.by_name(name, namespace, None),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.object(object, namespace),
            _ => Err(self.error("a schema is a name, an object or an array")),
        }
    }

    fn object(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<TypeId, SchemaError> {
        match object.get("type") {
            Some(Value::String(kind)) => match kind.as_str() {
                "record" | "error" => self.record(object, namespace),
                "enum" => self.enumeration(object, namespace),
                "fixed" => self.fixed(object, namespace),
                "array" => {
                    let items = self.child(object, "items", namespace)?;
                    Ok(self.push(Type::Array(items)))
                }
                "map" => {
                    let values = self.child(object, "values", namespace)?;
                    Ok(self.push(Type::Map(values)))
                }
                name => self.by_name(name, namespace, Some(object)),
            },
            Some(nested @ (Value::Object(_) | Value::Array(_))) => self.node(nested, namespace),
            _ => Err(self.error("an object needs a `type`")),
        }
    }

    fn child(&mut self, object: &Map<String, Value>, key: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        let Some(value) = object.get(key) else {
            return Err(self.error(&format!("`{key}` is missing")));
        };
        self.path.push(key.to_owned());
        let id = self.node(value, namespace)?;
        self.path.pop();
        Ok(id)
    }

    /// A primitive, with its logical type if it has one, or a reference to a named type.
    fn by_name(
        &mut self,
        name: &str,
        namespace: &str,
        attributes: Option<&Map<String, Value>>,
    ) -> Result<TypeId, SchemaError> {
        let logical = attributes.and_then(|a| a.get("logicalType")).and_then(Value::as_str);
        let ty = match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int(match logical {
                Some("date") => Some(Logical::Date),
                Some("time-millis") => Some(Logical::Time(Unit::Millis)),
                _ => None,
            }),
            "long" => Type::Long(match logical {
                Some("time-micros") => Some(Logical::Time(Unit::Micros)),
                Some("timestamp-millis") => Some(Logical::Timestamp(Unit::Millis)),
                Some("timestamp-micros") => Some(Logical::Timestamp(Unit::Micros)),
                Some("timestamp-nanos") => Some(Logical::Timestamp(Unit::Nanos)),
                Some("local-timestamp-millis") => Some(Logical::LocalTimestamp(Unit::Millis)),
                Some("local-timestamp-micros") => Some(Logical::LocalTimestamp(Unit::Micros)),
                Some("local-timestamp-nanos") => Some(Logical::LocalTimestamp(Unit::Nanos)),
                _ => None,
            }),
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes(logical.and_then(|l| decimal(l, attributes, None))),
            "string" => Type::String((logical == Some("uuid")).then_some(Logical::Uuid)),
            _ => return self.reference(name, namespace),
        };
        Ok(self.push(ty))
    }

    fn reference(&mut self, name: &str, namespace: &str) -> Result<TypeId, SchemaError> {
        let full = qualify(name, namespace);
        if let Some(&id) = self.names.get(&*full) {
            return Ok(id);
        }
        let id = TypeId(self.types.len() as u32);
        self.types.push(None);
        self.names.insert(full.clone(), id);
        let path = self.location();
        self.undefined.insert(id, (full, path));
        Ok(id)
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Result<TypeId, SchemaError> {
        let mut ids = Vec::with_capacity(branches.len());
        let mut unnamed = HashSet::new();
        for (index, branch) in branches.iter().enumerate() {
            self.path.push(format!("[{index}]"));
            let id = self.node(branch, namespace)?;
            let kind = match self.types.get(id.0 as usize).and_then(Option::as_ref) {
                Some(Type::Union(_)) => return Err(self.error("a union may not hold a union")),
                // Named types differ by name: the same name is the same id.
                Some(Type::Record(_) | Type::Enum(_) | Type::Fixed(_)) | None => (u8::MAX, id.0),
                Some(other) => (kind_of(other), 0),
            };
            if !unnamed.insert(kind) {
                return Err(self.error("a union may hold each type only once"));
            }
            self.path.pop();
            ids.push(id);
        }
        Ok(self.push(Type::Union(ids)))
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<TypeId, SchemaError> {
        let (id, name, inner) = self.define(object, namespace)?;
        let aliases = aliases(object, &inner);
        let Some(Value::Array(list)) = object.get("fields") else {
            return Err(self.error("a record needs an array `fields`"));
        };
        let mut seen = HashSet::new();
        let mut fields = Vec::with_capacity(list.len());
        for field in list {
            let Some(field_name) = field.get("name").and_then(Value::as_str) else {
                return Err(self.error("a field needs a `name`"));
            };
            self.path.push(field_name.to_owned());
            if !is_name(field_name) {
                return Err(self.error("not a valid name"));
            }
            if !seen.insert(field_name) {
                return Err(self.error("the record has this field twice"));
            }
            let Some(schema) = field.get("type") else {
                return Err(self.error("a field needs a `type`"));
            };
            let schema = self.node(schema, &inner)?;
            let aliases = strings(field.get("aliases"));
            fields.push(Field { name: field_name.into(), aliases, schema, default: field.get("default").cloned() });
            self.path.pop();
        }
        self.complete(id, Type::Record(Record { name, aliases, fields }));
        Ok(id)
    }

    fn enumeration(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<TypeId, SchemaError> {
        let (id, name, inner) = self.define(object, namespace)?;
        let aliases = aliases(object, &inner);
        let Some(Value::Array(list)) = object.get("symbols") else {
            return Err(self.error("an enum needs an array `symbols`"));
        };
        let mut seen = HashSet::new();
        let mut symbols: Vec<Arc<str>> = Vec::with_capacity(list.len());
        for symbol in list {
            let Some(symbol) = symbol.as_str().filter(|s| is_name(s)) else {
                return Err(self.error("a symbol is not a valid name"));
            };
            if !seen.insert(symbol) {
                return Err(self.error("the enum has a symbol twice"));
            }
            symbols.push(symbol.into());
        }
        let default = match object.get("default") {
            None | Some(Value::Null) => None,
            Some(default) => {
                let position = symbols.iter().position(|s| Some(&**s) == default.as_str());
                if position.is_none() {
                    return Err(self.error("the default is not one of the symbols"));
                }
                position
            }
        };
        self.complete(id, Type::Enum(Enum { name, aliases, symbols: symbols.into(), default }));
        Ok(id)
    }

    fn fixed(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<TypeId, SchemaError> {
        let (id, name, inner) = self.define(object, namespace)?;
        let aliases = aliases(object, &inner);
        let size = object.get("size").and_then(Value::as_u64).and_then(|s| u32::try_from(s).ok());
        let Some(size) = size.filter(|s| *s <= i32::MAX as u32) else {
            return Err(self.error("a fixed needs a `size` in bytes"));
        };
        let logical = match object.get("logicalType").and_then(Value::as_str) {
            Some("uuid") if size == 16 => Some(Logical::Uuid),
            Some("duration") if size == 12 => Some(Logical::Duration),
            Some(l) => decimal(l, Some(object), Some(size)),
            None => None,
        };
        self.complete(id, Type::Fixed(Fixed { name, aliases, size, logical }));
        Ok(id)
    }

    /// Claims the name of a definition. Returns the namespace within it, too.
    fn define(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<(TypeId, Name, String), SchemaError> {
        let Some(name) = object.get("name").and_then(Value::as_str) else {
            return Err(self.error("a named type needs a `name`"));
        };
        let declared = object.get("namespace").and_then(Value::as_str);
        let full = qualify(name, declared.unwrap_or(namespace));
        let (inner, simple) = full.rsplit_once('.').unwrap_or(("", &full));
        if !is_name(simple) || PRIMITIVES.contains(&&*full) {
            return Err(self.error(&format!("`{full}` is not a valid name for a type")));
        }
        let inner = inner.to_owned();
        let id = match self.names.get(&full) {
            Some(&id) => {
                if self.undefined.remove(&id).is_none() {
                    return Err(self.error(&format!("`{full}` is defined twice")));
                }
                id
            }
            None => {
                let id = TypeId(self.types.len() as u32);
                self.types.push(None);
                self.names.insert(full.clone(), id);
                id
            }
        };
        Ok((id, Name { full }, inner))
    }

    fn push(&mut self, ty: Type) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.types.push(Some(ty));
        id
    }

    fn complete(&mut self, id: TypeId, ty: Type) {
        if let Some(slot) = self.types.get_mut(id.0 as usize) {
            *slot = Some(ty);
        }
    }

    fn location(&self) -> String {
        if self.path.is_empty() { ".".to_owned() } else { self.path.join(".") }
    }

    fn error(&self, problem: &str) -> SchemaError {
        SchemaError::new(self.location(), problem)
    }
}

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// A dotted name is full as it stands; another one takes the namespace.
fn qualify(name: &str, namespace: &str) -> Arc<str> {
    if name.contains('.') {
        // A leading dot means "no namespace".
        name.strip_prefix('.').unwrap_or(name).into()
    } else if namespace.is_empty() {
        name.into()
    } else {
        format!("{namespace}.{name}").into()
    }
}

/// Specification, "Names". Namespaces are not held to it: Debezium writes them with hyphens unless told otherwise.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn aliases(object: &Map<String, Value>, namespace: &str) -> Vec<Name> {
    strings(object.get("aliases")).iter().map(|a| Name { full: qualify(a, namespace) }).collect()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|a| a.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// A decimal whose attributes are invalid counts as its underlying type (specification, "Decimal").
fn decimal(name: &str, attributes: Option<&Map<String, Value>>, size: Option<u32>) -> Option<Logical> {
    if name != "decimal" {
        return None;
    }
    let number = |key: &str| attributes.and_then(|a| a.get(key));
    let precision = number("precision")?.as_u64().filter(|p| *p > 0)?;
    let scale = match number("scale") {
        None => 0,
        Some(scale) => scale.as_u64()?,
    };
    if scale > precision {
        return None;
    }
    if let Some(size) = size {
        // floor(log10(2^(8n-1) - 1)); log10(2) = 0.30103.
        let digits = (f64::from(size) * 8.0 - 1.0) * std::f64::consts::LOG10_2;
        if size == 0 || precision as f64 > digits.floor() {
            return None;
        }
    }
    Some(Logical::Decimal { precision: u32::try_from(precision).ok()?, scale: u32::try_from(scale).ok()? })
}

fn kind_of(ty: &Type) -> u8 {
    match ty {
        Type::Null => 0,
        Type::Boolean => 1,
        Type::Int(_) => 2,
        Type::Long(_) => 3,
        Type::Float => 4,
        Type::Double => 5,
        Type::Bytes(_) => 6,
        Type::String(_) => 7,
        Type::Array(_) => 8,
        Type::Map(_) => 9,
        Type::Fixed(_) | Type::Enum(_) | Type::Record(_) | Type::Union(_) => 10,
    }
}

/// Position and kind of a JSON error, without the text around it.
fn describe_json(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
}
