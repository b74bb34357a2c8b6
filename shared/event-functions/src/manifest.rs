//! What a function declares, computed by the wiring that it runs with.

use environment::{Necessity, Resource, Variable};
use serde::Serialize;

/// What a function declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The function.
    pub function: &'static str,
    /// What triggers it.
    pub trigger: Trigger,
    /// The variables that it reads.
    pub variables: Vec<DeclaredVariable>,
    /// The tables that it writes.
    pub tables: Vec<TableUse>,
    /// What else it does in its account.
    pub actions: Vec<ActionUse>,
}

/// What triggers a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Debezium's changes of a table or collection.
    Changes {
        /// Their topic.
        topic: &'static str,
        /// What keeps an effect from happening twice.
        guard: &'static str,
    },
    /// Domain events.
    Events {
        /// Their topic.
        topic: &'static str,
        /// What keeps an effect from happening twice.
        guard: &'static str,
    },
    /// Any records.
    Records {
        /// Their topic.
        topic: &'static str,
        /// What keeps an effect from happening twice.
        guard: &'static str,
    },
    /// A schedule or a person.
    Invocation,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredVariable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// What it may contain.
    pub kind: String,
    /// Whether it must be set, in all cases.
    pub required: bool,
    /// Its default, as it would be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    /// Whether its value must not be shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// The kind of resource whose name fills it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'static str>,
}

impl From<&Variable> for DeclaredVariable {
    fn from(variable: &Variable) -> Self {
        DeclaredVariable {
            name: variable.name,
            meaning: variable.doc,
            kind: variable.expected.clone(),
            required: variable.necessity == Necessity::Required,
            default: match variable.necessity {
                Necessity::Default(default) => Some(default),
                Necessity::Required | Necessity::RequiredWhen(_) | Necessity::Optional => None,
            },
            secret: variable.secret,
            resource: variable.resource.map(Resource::as_str),
        }
    }
}

/// A table, by the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableUse {
    /// The variable.
    pub variable: &'static str,
    /// Its partition key, text.
    pub partition_key: &'static str,
    /// Its sort key, text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_key: Option<&'static str>,
    /// Its TTL attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<&'static str>,
    /// Its global secondary indexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// The actions of IAM that the function takes on it.
    pub actions: &'static [&'static str],
}

/// A global secondary index, with text keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition key.
    pub partition_key: &'static str,
    /// The attribute that is its sort key.
    pub sort_key: &'static str,
}

/// Actions of IAM on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionUse {
    /// The actions: `ses:SendEmail`.
    pub actions: &'static [&'static str],
    /// The resource: a variable in braces where one names it, `identity/${EMAIL_SENDER}`.
    pub resource: String,
}

/// What a wiring took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) tables: Vec<TableUse>,
    pub(crate) actions: Vec<ActionUse>,
}

#[cfg(feature = "testing")]
impl Taken {
    /// What was taken here and not there.
    pub(crate) fn missing_in(&self, declared: &Taken) -> Vec<String> {
        let tables = self.tables.iter().filter(|table| !declared.tables.contains(table));
        let tables = tables.map(|table| format!("the table of {}", table.variable));
        // The resource's name may differ: it is a variable's stand-in there.
        let known = |taken: &ActionUse| declared.actions.iter().any(|known| known.actions == taken.actions);
        let actions = self.actions.iter().filter(|taken| !known(taken)).map(|taken| taken.actions.join(", "));
        tables.chain(actions).collect()
    }
}
