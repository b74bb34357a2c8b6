//! Settings as a template gives them: by CloudFormation's names, with values that may not be literals.

use std::collections::BTreeMap;

/// The settings of one mapping, not checked yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given {
    /// The mapping's name in its file.
    pub name: String,
    /// By CloudFormation's names.
    pub properties: BTreeMap<String, Value>,
}

/// A value of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, which counts as not given.
    Null,
    /// true or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// Values by name.
    Object(BTreeMap<String, Value>),
    /// Something that only a deployment knows, such as `!Ref Function`: its text.
    Unknown(String),
}

impl Given {
    /// Sets a property over what the file says. The value is JSON; a text needs no quotes.
    pub fn set(&mut self, property: &str, value: &str) {
        let value = serde_json::from_str::<serde_json::Value>(value).unwrap_or_else(|_| value.into());
        self.properties.insert(property.to_owned(), Value::from(value));
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(values) => Value::List(values.into_iter().map(Value::from).collect()),
            serde_json::Value::Object(fields) => {
                let intrinsic = |name: &String| name == "Ref" || name.starts_with("Fn::");
                match fields.keys().next().filter(|name| fields.len() == 1 && intrinsic(name)) {
                    Some(name) => Value::Unknown(format!("{name} {}", fields[name])),
                    None => Value::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect()),
                }
            }
        }
    }
}

impl Value {
    /// What it is, for errors.
    pub(super) fn kind(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => format!("{text:?}"),
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Unknown(text) => format!("`{text}`, which only a deployment knows"),
        }
    }
}
