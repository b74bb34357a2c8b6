//! Default values: JSON to a [`Value`], by the reader's schema.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{Schema, Type, TypeId};
use crate::value::{Record, Shape, Symbol, Value};

/// The value that `json` stands for as a default of this type, or `None` if it does not fit.
///
/// A union's default may be of any of its branches (specification 1.12, "Complex Types", `default`); the first that
/// fits is taken. Bytes and fixed are text whose code points 0-255 are the bytes.
pub(crate) fn default_value(schema: &Schema, id: TypeId, json: &Json) -> Option<Value<'static>> {
    value(schema, id, json, 0, &mut 10_000)
}

/// Defaults of defaults can recurse without end (a record whose own field defaults to `{}` of the same record) and grow
/// without bound (records of records of defaults): hence `depth` and `left`, the values that may still be built.
fn value(schema: &Schema, id: TypeId, json: &Json, depth: u32, left: &mut u32) -> Option<Value<'static>> {
    if depth > 64 {
        return None;
    }
    *left = left.checked_sub(1)?;
    Some(match (schema.get(id), json) {
        (Type::Null, Json::Null) => Value::Null,
        (Type::Boolean, Json::Bool(b)) => Value::Boolean(*b),
        (Type::Int(_), Json::Number(n)) => Value::Int(i32::try_from(n.as_i64()?).ok()?),
        (Type::Long(_), Json::Number(n)) => Value::Long(n.as_i64()?),
        (Type::Float, _) => Value::Float(float(json)? as f32),
        (Type::Double, _) => Value::Double(float(json)?),
        (Type::Bytes(_), Json::String(s)) => Value::Bytes(Cow::Owned(latin1(s)?)),
        (Type::String(_), Json::String(s)) => Value::String(Cow::Owned(s.clone())),
        (Type::Fixed(f), Json::String(s)) => {
            let bytes = latin1(s)?;
            if bytes.len() != f.size as usize {
                return None;
            }
            Value::Fixed(Cow::Owned(bytes))
        }
        (Type::Enum(e), Json::String(s)) => {
            let index = e.symbols.iter().position(|symbol| **symbol == **s)?;
            Value::Enum(Symbol::new(e.symbols.clone(), index))
        }
        (Type::Array(items), Json::Array(list)) => {
            Value::Array(list.iter().map(|j| value(schema, *items, j, depth + 1, left)).collect::<Option<_>>()?)
        }
        (Type::Map(values), Json::Object(entries)) => Value::Map(
            entries
                .iter()
                .map(|(k, j)| Some((Cow::Owned(k.clone()), value(schema, *values, j, depth + 1, left)?)))
                .collect::<Option<_>>()?,
        ),
        (Type::Record(r), Json::Object(given)) => {
            let mut values = Vec::with_capacity(r.fields.len());
            for field in &r.fields {
                let json = given.get(&*field.name).or(field.default.as_ref())?;
                values.push(value(schema, field.schema, json, depth + 1, left)?);
            }
            Value::Record(Record::new(Shape::of(r), values))
        }
        (Type::Union(branches), json) => branches.iter().find_map(|b| value(schema, *b, json, depth + 1, left))?,
        _ => return None,
    })
}

/// JSON has no NaN or infinities; Java's JSON encoding writes them as these strings.
fn float(json: &Json) -> Option<f64> {
    match json {
        Json::Number(n) => n.as_f64(),
        Json::String(s) => match s.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}
