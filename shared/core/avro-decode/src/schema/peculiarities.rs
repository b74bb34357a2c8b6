//! Lists what other libraries would refuse in a schema.

use super::types::{Schema, Type};
use crate::message_text::ShortName;

/// The most that are listed of one schema.
const MAX_LISTED: usize = 100;

impl Schema {
    /// What this crate reads although the specification forbids it: names and symbols with characters other than ASCII
    /// letters, digits and `_`, and definitions that occur more than once. At most 100 are listed.
    ///
    /// A decoder accepts them, since refusing them would stop a topic. A schema of your own should have none of them:
    /// consumers that use another library may refuse it. Namespaces are not checked, since Debezium writes them with
    /// hyphens by default.
    pub fn peculiarities(&self) -> Vec<String> {
        let mut found = Vec::new();
        for ty in self.types() {
            if let Some(name) = ty.name()
                && !is_plain(name.simple())
            {
                found.push(format!("`{}` is not a valid Avro name: {RULE}", ShortName(&name.full)));
            }
            let owner = ty.name().map_or("", |name| name.simple());
            let names: Vec<&str> = match ty {
                Type::Record(record) => record.fields.iter().map(|field| &*field.name).collect(),
                Type::Enum(symbols) => symbols.symbols.iter().map(|symbol| &**symbol).collect(),
                _ => Vec::new(),
            };
            for name in names.into_iter().filter(|name| !is_plain(name)) {
                let (owner, name) = (ShortName(owner), ShortName(name));
                found.push(format!("`{name}` in `{owner}` is not a valid Avro name: {RULE}"));
            }
            if found.len() >= MAX_LISTED {
                break;
            }
        }
        for name in self.inner.again.iter().filter_map(|id| self.get(*id).name()) {
            let name = ShortName(&name.full);
            found.push(format!("`{name}` is defined more than once; define it once and refer to it by its name"));
        }
        found.truncate(MAX_LISTED);
        found
    }
}

const RULE: &str = "a name begins with a letter or `_` and has only ASCII letters, digits and `_`";

/// Specification, "Names".
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
