//! The tables that a function uses.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// A table, by the variable that names it. In JSON it also has a `name`: what an environment calls it after its own prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUse {
    /// The variable.
    pub variable: &'static str,
    /// Its partition key, text.
    pub partition_key: &'static str,
    /// Its sort key, text.
    pub sort_key: Option<&'static str>,
    /// Its TTL attribute.
    pub ttl: Option<&'static str>,
    /// Its global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attributes that say whom an item is about.
    pub person: &'static [&'static str],
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

impl TableUse {
    /// What an environment calls it after its own prefix: `logins` for `LOGINS_TABLE`.
    pub fn name(&self) -> String {
        let words = self.variable.strip_suffix("_TABLE").unwrap_or(self.variable);
        words.to_ascii_lowercase().replace('_', "-")
    }
}

impl Serialize for TableUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TableUse { variable, partition_key, sort_key, ttl, indexes, person, actions } = self;
        let mut table = serializer.serialize_struct("TableUse", 8)?;
        table.serialize_field("variable", variable)?;
        table.serialize_field("name", &self.name())?;
        table.serialize_field("partition_key", partition_key)?;
        table.serialize_field("sort_key", sort_key)?;
        table.serialize_field("ttl", ttl)?;
        table.serialize_field("indexes", indexes)?;
        table.serialize_field("person", person)?;
        table.serialize_field("actions", actions)?;
        table.end()
    }
}
