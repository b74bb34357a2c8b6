//! The changes from one version of a schema to the next.

use std::fmt;

use serde_json::Value as Json;

use crate::contracts::{Field, fields};

/// One change of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new field.
    Added(Field),
    /// A removed field.
    Removed(Field),
    /// A field of another type.
    Type {
        /// Where.
        path: String,
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// A field with another default.
    Default {
        /// Where.
        path: String,
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// A field whose description changed.
    Doc {
        /// Where.
        path: String,
    },
    /// Fields in another order.
    Order,
    /// Something beside fields: names, aliases, attributes.
    Other,
}

/// All changes, in the order of the fields.
pub fn changes(old: &Json, new: &Json) -> Vec<Change> {
    let (before, after) = (fields(old), fields(new));
    let mut found = Vec::new();
    for field in &after {
        let Some(old) = before.iter().find(|old| old.path == field.path) else {
            found.push(Change::Added(field.clone()));
            continue;
        };
        if old.kind != field.kind {
            found.push(Change::Type { path: field.path.clone(), old: old.kind.clone(), new: field.kind.clone() });
        }
        if old.default != field.default {
            let (old, new) = (old.default.clone(), field.default.clone());
            found.push(Change::Default { path: field.path.clone(), old, new });
        }
        if old.doc != field.doc {
            found.push(Change::Doc { path: field.path.clone() });
        }
    }
    let gone = before.iter().filter(|old| !after.iter().any(|field| field.path == old.path));
    found.extend(gone.cloned().map(Change::Removed));
    let in_both = |list: &[Field], other: &[Field]| -> Vec<String> {
        let kept = list.iter().filter(|field| other.iter().any(|o| o.path == field.path));
        kept.map(|field| field.path.clone()).collect()
    };
    if in_both(&before, &after) != in_both(&after, &before) {
        found.push(Change::Order);
    }
    if found.is_empty() && old != new {
        found.push(Change::Other);
    }
    found
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |default: &Option<String>| match default {
            Some(default) => format!("`{default}`"),
            None => "none".to_owned(),
        };
        match self {
            Change::Added(field) => match &field.default {
                Some(default) => write!(f, "`{}` was added: {}, by default `{default}`.", field.path, field.kind),
                None => write!(f, "`{}` was added: {}, without a default.", field.path, field.kind),
            },
            Change::Removed(field) => write!(f, "`{}` was removed: {}.", field.path, field.kind),
            Change::Type { path, old, new } => write!(f, "The type of `{path}` was {old} and is {new}."),
            Change::Default { path, old, new } => {
                write!(f, "The default of `{path}` was {} and is {}.", or_none(old), or_none(new))
            }
            Change::Doc { path } => write!(f, "`{path}` has a new description."),
            Change::Order => write!(f, "Fields are in another order."),
            Change::Other => write!(f, "The fields stay; names, aliases or attributes changed."),
        }
    }
}
