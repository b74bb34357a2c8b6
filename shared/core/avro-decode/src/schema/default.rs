//! Reads the JSON of a default into a [`Value`], by the reader's schema.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::json::{Document, Json, Kind};
use super::types::{self, Field, Schema, Type, TypeId};
use crate::message_text::{Excerpt, ShortName};
use crate::value::{Record, Symbol, Value};

/// The steps that building a default may take, unless fewer are left. A step is a value, or 32 bytes of text.
const MOST_STEPS: u64 = 10_000;

/// The most invalid defaults that are listed of one schema.
const MAX_INVALID_DEFAULTS: usize = 1_000;

impl Schema {
    /// The defaults that are not of their field's type, each as a message; at most 1,000.
    ///
    /// Such a schema still decodes what was written with it, but readers cannot rely on those defaults, and registries and
    /// other libraries refuse it.
    pub fn invalid_defaults(&self) -> Vec<String> {
        let records = (0..self.len()).filter_map(|index| match self.get(TypeId(index as u32)) {
            Type::Record(record) => Some(record),
            _ => None,
        });
        let wrong = |record: &types::Record, field: &Field| {
            let default = field.default.as_ref()?;
            let mut steps = u64::MAX;
            let fits = default_value(self, field.schema, default, &mut steps).is_some();
            (!fits).then(|| {
                let (record, field_name, expected) =
                    (ShortName(&record.name.full), ShortName(&field.name), self.describe(field.schema));
                format!("{record}.{field_name}: the default {} is not of type {expected}", Excerpt(default))
            })
        };
        let all = records.flat_map(|record| record.fields.iter().filter_map(move |field| wrong(record, field)));
        all.take(MAX_INVALID_DEFAULTS).collect()
    }
}

/// The value that `json` stands for as a default of this type, or `None` if it does not fit or takes more than the steps
/// that are left.
///
/// A union's default may be of any of its branches (specification 1.12, "Complex Types", `default`); the first that
/// fits is taken. Bytes and fixed are text whose code points 0-255 are the bytes.
pub(crate) fn default_value(schema: &Schema, id: TypeId, json: &str, steps: &mut u64) -> Option<Value<'static>> {
    let own = MOST_STEPS.min(*steps);
    let mut left = own;
    let document = Document::parse(json).ok()?;
    let value = value(schema, id, document.root(), 0, &mut left);
    *steps -= own - left;
    value
}

/// Defaults of defaults can recurse without end (a record with a field that defaults to `{}` of the same record) and grow
/// without bound (records of records of defaults): `depth` and `left` prevent both.
fn value(schema: &Schema, id: TypeId, json: Json<'_>, depth: u32, left: &mut u64) -> Option<Value<'static>> {
    if depth > 64 {
        return None;
    }
    let text = if matches!(json.kind(), Kind::Array | Kind::Object) { 0 } else { json.source().len() };
    *left = left.checked_sub(1 + text as u64 / 32)?;
    Some(match (schema.get(id), json.kind()) {
        (Type::Null, Kind::Null) => Value::Null,
        (Type::Boolean, Kind::True) => Value::Boolean(true),
        (Type::Boolean, Kind::False) => Value::Boolean(false),
        (Type::Int(_), Kind::Number) => Value::Int(i32::try_from(json.as_i64()?).ok()?),
        (Type::Long(_), Kind::Number) => Value::Long(json.as_i64()?),
        (Type::Float, _) => Value::Float(float(json)? as f32),
        (Type::Double, _) => Value::Double(float(json)?),
        (Type::Bytes(_), _) => Value::Bytes(Cow::Owned(latin1(&json.as_text()?)?)),
        (Type::String(_), _) => Value::String(Cow::Owned(json.as_text()?.into_owned())),
        (Type::Fixed(f), _) => {
            let bytes = latin1(&json.as_text()?)?;
            if bytes.len() != f.size as usize {
                return None;
            }
            Value::Fixed(Cow::Owned(bytes))
        }
        (Type::Enum(e), _) => {
            let text = json.as_text()?;
            *left = left.checked_sub(e.symbols.len() as u64 / 32)?;
            let index = e.symbols.iter().position(|symbol| **symbol == *text)?;
            Value::Enum(Symbol::new(e.symbols.clone(), index))
        }
        (Type::Array(items), Kind::Array) => {
            Value::Array(json.items().map(|item| value(schema, *items, item, depth + 1, left)).collect::<Option<_>>()?)
        }
        (Type::Map(values), Kind::Object) => {
            // In the order of their names, and of several with one name the last.
            let entries: BTreeMap<_, _> =
                json.members().filter_map(|(key, json)| Some((key.as_text()?, json))).collect();
            let of_entry = |(key, json): (Cow<'_, str>, Json<'_>)| {
                Some((Cow::Owned(key.into_owned()), value(schema, *values, json, depth + 1, left)?))
            };
            Value::Map(entries.into_iter().map(of_entry).collect::<Option<_>>()?)
        }
        (Type::Record(r), Kind::Object) => {
            let given: HashMap<_, _> = json.members().filter_map(|(key, json)| Some((key.as_text()?, json))).collect();
            let mut values = Vec::new();
            for field in &r.fields {
                values.push(match given.get(&*field.name) {
                    Some(json) => value(schema, field.schema, *json, depth + 1, left)?,
                    None => {
                        let default = field.default.as_ref()?;
                        *left = left.checked_sub(default.len() as u64 / 32)?;
                        let document = Document::parse(default).ok()?;
                        value(schema, field.schema, document.root(), depth + 1, left)?
                    }
                });
            }
            *left = left.checked_sub(r.fields.len() as u64)?;
            Value::Record(Record::new(r.shape(), values))
        }
        (Type::Union(branches), _) => branches.iter().find_map(|b| value(schema, *b, json, depth + 1, left))?,
        _ => return None,
    })
}

/// JSON has no NaN or infinities; Java's JSON encoding writes them as these strings.
fn float(json: Json<'_>) -> Option<f64> {
    match json.as_text().as_deref() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity" | "INF") => Some(f64::INFINITY),
        Some("-Infinity" | "-INF") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None if json.kind() == Kind::Number => json.source().parse().ok().filter(|number: &f64| number.is_finite()),
        None => None,
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
