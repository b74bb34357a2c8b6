//! Writes one type of a schema as JSON for messages, one level deep and of bounded length.

use super::logical::Logical;
use super::types::{Enum, Field, Record, Schema, Type, TypeId};
use crate::message_text::{Excerpt, ShortName};

impl Schema {
    /// The type as JSON, one level deep: types within it are shown by name or kind.
    pub(crate) fn fragment(&self, id: TypeId) -> String {
        match self.get(id) {
            Type::Record(record) => self.record_fragment(record),
            _ => self.shape(id, true),
        }
    }

    pub(crate) fn record_fragment(&self, record: &Record) -> String {
        let (shown, rest) = abridged(&record.fields, |field| self.field_fragment(field));
        let name = quoted(&record.name.full);
        format!(r#"{{"type":"record","name":{name},"fields":[{shown}{rest}]}}"#)
    }

    pub(crate) fn field_fragment(&self, field: &Field) -> String {
        let default = match &field.default {
            Some(default) => format!(r#","default":{}"#, Excerpt(default)),
            None => String::new(),
        };
        format!(r#"{{"name":{},"type":{}{default}}}"#, quoted(&field.name), self.shape(field.schema, false))
    }

    /// A type on one line; a named type by its name, unless `whole`.
    fn shape(&self, id: TypeId, whole: bool) -> String {
        let plain = |kind: &str, logical: Option<Logical>| match logical {
            Some(Logical::Decimal { precision, scale }) => {
                format!(r#"{{"type":"{kind}","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#)
            }
            Some(logical) => format!(r#"{{"type":"{kind}","logicalType":"{}"}}"#, logical.name()),
            None => format!(r#""{kind}""#),
        };
        match self.get(id) {
            Type::Null => plain("null", None),
            Type::Boolean => plain("boolean", None),
            Type::Int(logical) => plain("int", *logical),
            Type::Long(logical) => plain("long", *logical),
            Type::Float => plain("float", None),
            Type::Double => plain("double", None),
            Type::Bytes(logical) => plain("bytes", *logical),
            Type::String(logical) => plain("string", *logical),
            Type::Fixed(fixed) if whole => {
                format!(r#"{{"type":"fixed","name":{},"size":{}}}"#, quoted(&fixed.name.full), fixed.size)
            }
            Type::Enum(symbols) if whole => enum_fragment(symbols),
            Type::Fixed(fixed) => quoted(&fixed.name.full),
            Type::Enum(symbols) => quoted(&symbols.name.full),
            Type::Record(record) => quoted(&record.name.full),
            Type::Array(items) => format!(r#"{{"type":"array","items":{}}}"#, self.within(*items)),
            Type::Map(values) => format!(r#"{{"type":"map","values":{}}}"#, self.within(*values)),
            Type::Union(branches) => {
                let (shown, rest) = abridged(branches, |branch| self.within(*branch));
                format!("[{shown}{rest}]")
            }
        }
    }

    /// Nested lists are abridged, so that a fragment is readable and its length bounded.
    fn within(&self, id: TypeId) -> String {
        match self.get(id) {
            Type::Array(_) => r#"{"type":"array","items":…}"#.to_owned(),
            Type::Map(_) => r#"{"type":"map","values":…}"#.to_owned(),
            Type::Union(_) => "[…]".to_owned(),
            _ => self.shape(id, false),
        }
    }
}

fn enum_fragment(symbols: &Enum) -> String {
    let (shown, rest) = abridged(&symbols.symbols, |symbol| quoted(symbol));
    let default = symbols.default.and_then(|index| symbols.symbols.get(index));
    let default = default.map(|symbol| format!(r#","default":{}"#, quoted(symbol)));
    let name = quoted(&symbols.name.full);
    format!(r#"{{"type":"enum","name":{name},"symbols":[{shown}{rest}]{}}}"#, default.unwrap_or_default())
}

fn abridged<T>(items: &[T], show: impl Fn(&T) -> String) -> (String, &'static str) {
    const SHOWN: usize = 24;
    let shown: Vec<String> = items.iter().take(SHOWN).map(show).collect();
    (shown.join(","), if items.len() > SHOWN { ",…" } else { "" })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(ShortName(text).to_string()).to_string()
}
