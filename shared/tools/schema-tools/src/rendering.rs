//! Avro values as JSON, in the rendering that the recordings under `events/recorded` define.

use avro_decode::Value;
use serde_json::{Map, Value as Json, json};

/// A value as JSON: a union as the value of its branch, bytes and fixed as `{"bytes_hex": …}`, a float that JSON cannot
/// write as `{"float": "NaN"}`, an enum as its symbol. Integers keep all 64 bits; a float is widened to a double.
pub fn render(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Long(n) => json!(n),
        Value::Float(x) => float(f64::from(*x)),
        Value::Double(x) => float(*x),
        Value::Bytes(bytes) | Value::Fixed(bytes) => json!({ "bytes_hex": hex::encode(bytes) }),
        Value::String(text) => json!(text),
        Value::Enum(symbol) => json!(symbol.as_str()),
        Value::Array(items) => items.iter().map(render).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| (key.to_string(), render(value))).collect::<Map<_, _>>().into()
        }
        Value::Record(record) => {
            record.fields().map(|(name, value)| (name.to_owned(), render(value))).collect::<Map<_, _>>().into()
        }
    }
}

fn float(x: f64) -> Json {
    if x.is_nan() {
        json!({ "float": "NaN" })
    } else if x.is_infinite() {
        json!({ "float": if x > 0.0 { "Infinity" } else { "-Infinity" } })
    } else {
        json!(x)
    }
}
