//! What a schema has that other libraries refuse.

use super::types::{Schema, Type};
use crate::message_text::ShortName;

/// The most that are told of one schema.
const TOLD: usize = 100;

impl Schema {
    /// What this crate reads but the specification forbids: names and symbols with other characters than ASCII's letters,
    /// digits and `_`, and definitions that occur more than once. At most 100 are told.
    ///
    /// A decoder takes them, since a topic would come to a halt at them. A schema of one's own should have none: whoever
    /// reads the topic by another library may refuse it. Namespaces are not held to it, since Debezium writes them with
    /// hyphens unless told otherwise.
    pub fn peculiarities(&self) -> Vec<String> {
        let mut found = Vec::new();
        for ty in self.types() {
            if let Some(name) = ty.name()
                && !is_plain(name.simple())
            {
                found.push(format!("`{}` is no name by the specification: {RULE}", ShortName(&name.full)));
            }
            let owner = ty.name().map_or("", |name| name.simple());
            let names: Vec<&str> = match ty {
                Type::Record(record) => record.fields.iter().map(|field| &*field.name).collect(),
                Type::Enum(symbols) => symbols.symbols.iter().map(|symbol| &**symbol).collect(),
                _ => Vec::new(),
            };
            for name in names.into_iter().filter(|name| !is_plain(name)) {
                let (owner, name) = (ShortName(owner), ShortName(name));
                found.push(format!("`{name}` in `{owner}` is no name by the specification: {RULE}"));
            }
            if found.len() >= TOLD {
                break;
            }
        }
        for name in self.inner.again.iter().filter_map(|id| self.get(*id).name()) {
            let name = ShortName(&name.full);
            found.push(format!("`{name}` is defined more than once; define it once and refer to it by its name"));
        }
        found.truncate(TOLD);
        found
    }
}

const RULE: &str = "it begins with a letter or `_`, and has ASCII letters, digits and `_`";

/// Specification, "Names".
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
