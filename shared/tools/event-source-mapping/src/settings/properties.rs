//! Reading properties one by one, noting each problem.

use super::given::{Given, Value};
use super::problem::Problems;

/// The properties of one mapping; what is read is taken out.
pub(super) struct Properties {
    given: Given,
    pub(super) problems: Problems,
}

impl Properties {
    pub(super) fn new(given: Given) -> Self {
        let problems = Problems { mapping: given.name.clone(), found: Vec::new() };
        Properties { given, problems }
    }

    /// Takes a property out. A value that only a deployment knows is a problem.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        match self.given.properties.remove(name)? {
            Value::Null => None,
            unknown @ Value::Unknown(_) => {
                let reason = format!("is {}. Give a literal: --set {name}=…", unknown.kind());
                self.problems.add(name, reason);
                None
            }
            value => Some(value),
        }
    }

    /// Takes a property that says nothing for a mapping on a laptop.
    pub(super) fn skip(&mut self, name: &str) {
        self.given.properties.remove(name);
    }

    pub(super) fn wrong(&mut self, name: &str, value: &Value, expected: &str) {
        self.problems.add(name, format!("is {}; expected {expected}", value.kind()));
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::Text(text) if !text.is_empty() => Some(text),
            other => {
                self.wrong(name, &other, "a text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, name: &str) -> bool {
        match self.take(name) {
            Some(Value::Bool(value)) => value,
            Some(Value::Text(text)) if text == "true" || text == "false" => text == "true",
            Some(other) => {
                self.wrong(name, &other, "true or false");
                false
            }
            None => false,
        }
    }

    /// A whole number in a range; `also` is allowed too.
    pub(super) fn number(&mut self, name: &str, from: i64, to: i64, also: Option<i64>) -> Option<i64> {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        // Whole numbers of this size are exact in a float.
        #[allow(clippy::cast_possible_truncation, reason = "checked by comparing back")]
        let whole = number.map(|number| number as i64).filter(|whole| number == Some(*whole as f64));
        match whole.filter(|whole| (from..=to).contains(whole) || also == Some(*whole)) {
            Some(whole) => Some(whole),
            None => {
                let also = also.map(|also| format!(", or {also}")).unwrap_or_default();
                self.wrong(name, &value, &format!("a whole number from {from} to {to}{also}"));
                None
            }
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Some(Value::List(values)) => {
                let mut texts = Vec::new();
                for value in values {
                    match value {
                        Value::Text(text) => texts.push(text),
                        other => self.wrong(name, &other, "a list of texts"),
                    }
                }
                texts
            }
            Some(Value::Text(text)) => vec![text],
            Some(other) => {
                self.wrong(name, &other, "a list of texts");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// The properties of an object; its problems are told under `name.inner`.
    pub(super) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Properties) -> T) -> Option<T> {
        match self.take(name)? {
            Value::Object(properties) => {
                let mut inner = Properties::new(Given { name: String::new(), properties });
                let value = read(&mut inner);
                inner.rest();
                for problem in inner.problems.found {
                    self.problems.add(&format!("{name}.{}", problem.setting), problem.reason);
                }
                Some(value)
            }
            other => {
                self.wrong(name, &other, "an object");
                None
            }
        }
    }

    /// The same for a list of objects.
    pub(super) fn objects<T>(&mut self, name: &str, read: impl Fn(&mut Properties) -> T) -> Vec<T> {
        let values = match self.take(name) {
            Some(Value::List(values)) => values,
            Some(other) => vec![other],
            None => return Vec::new(),
        };
        let mut found = Vec::new();
        for (nth, value) in values.into_iter().enumerate() {
            self.given.properties.insert(format!("{name}[{nth}]"), value);
            found.extend(self.object(&format!("{name}[{nth}]"), &read));
        }
        found
    }

    /// Notes what nobody has read.
    pub(super) fn rest(&mut self) {
        for name in std::mem::take(&mut self.given.properties).into_keys() {
            self.problems.add(&name, "is not a setting of a Kafka event source mapping");
        }
    }
}
