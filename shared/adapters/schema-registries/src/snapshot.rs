//! Snapshot files: schemas that are deployed with a function, so that its first record needs no registry.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use schema_registry::{SchemaId, SchemaRef, SchemaText};
use serde::Deserialize;
use uuid::Uuid;

use crate::rule_set::RuleSet;

/// Schemas by their ids, copied from one registry.
///
/// The format is JSON, `{"<id>": {"subject", "version", "schema", "references"}}`: the id is a number (`"7"`), a GUID, or
/// `glue:` and the UUID of a schema version; references are `[{"name", "subject", "version"}]` and may be left out if there
/// are none. The schemas that they refer to must be in the snapshot too.
///
/// **Numbers belong to one registry.** With a snapshot of another registry, records would be read by the wrong schema: take
/// it from the registry whose ids the records contain. GUIDs derive from the content, and Glue's versions are unique, so those
/// cannot be mixed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    schemas: HashMap<SchemaRef, Arc<SchemaText>>,
}

/// The text is not a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not JSON of that form.
    #[error("line {line} does not match the format of snapshots")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A key that is not an id.
    #[error("`{0}` is not the id of a schema: write a number, a GUID, or glue: and a UUID")]
    Name(String),
    /// A schema has rules that readers must run.
    #[error(
        "schema {schema} has a rule of type {rule} that its readers must run, and functions run none: they would take ciphertext for data"
    )]
    Rules {
        /// Which schema.
        schema: String,
        /// The rule's type, such as `ENCRYPT`.
        rule: String,
    },
    /// A reference to a schema that is not in the snapshot.
    #[error("schema {schema} refers to subject {subject}, version {version}, which is not in the snapshot")]
    Reference {
        /// Which schema refers.
        schema: String,
        /// To which subject.
        subject: String,
        /// In which version.
        version: u32,
    },
}

#[derive(Deserialize)]
struct Entry {
    subject: String,
    version: u32,
    schema: String,
    #[serde(default)]
    references: Vec<Reference>,
    #[serde(rename = "ruleSet")]
    rule_set: Option<RuleSet>,
}

#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: u32,
}

impl Snapshot {
    /// Reads a snapshot.
    ///
    /// # Errors
    /// When it is not JSON of that form, a key is not an id, or a reference is not in the snapshot.
    pub fn parse(json: &str) -> Result<Self, SnapshotError> {
        let entries: BTreeMap<String, Entry> =
            serde_json::from_str(json).map_err(|source| SnapshotError::Malformed { line: source.line(), source })?;
        let by_place: HashMap<(&str, u32), &Entry> =
            entries.values().map(|entry| ((entry.subject.as_str(), entry.version), entry)).collect();
        let mut schemas = HashMap::new();
        for (name, entry) in &entries {
            let schema = named(name).ok_or_else(|| SnapshotError::Name(name.chars().take(60).collect()))?;
            if let Some(rule) = entry.rule_set.as_ref().and_then(RuleSet::refusal) {
                return Err(SnapshotError::Rules { schema: name.clone(), rule });
            }
            let references = references(name, entry, &by_place)?;
            schemas.insert(schema, Arc::new(SchemaText { text: entry.schema.clone(), references }));
        }
        Ok(Snapshot { schemas })
    }

    /// The number of ids.
    pub fn len(&self) -> usize {
        self.schemas.len()
    }

    /// Whether it contains no schemas.
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
    }

    /// The schema with that id.
    pub fn get(&self, schema: SchemaRef) -> Option<&Arc<SchemaText>> {
        self.schemas.get(&schema)
    }
}

impl IntoIterator for Snapshot {
    type Item = (SchemaRef, Arc<SchemaText>);
    type IntoIter = std::collections::hash_map::IntoIter<SchemaRef, Arc<SchemaText>>;

    fn into_iter(self) -> Self::IntoIter {
        self.schemas.into_iter()
    }
}

fn named(name: &str) -> Option<SchemaRef> {
    if let Some(version) = name.strip_prefix("glue:") {
        return Uuid::try_parse(version).ok().map(SchemaRef::GlueVersion);
    }
    match name.parse() {
        Ok(id) => Some(SchemaRef::Id(SchemaId(id))),
        Err(_) => Uuid::try_parse(name).ok().map(SchemaRef::Guid),
    }
}

/// The schemas that an entry refers to, dependencies first and each text once. Walks with an explicit stack, because the
/// snapshot decides how deep references go.
fn references(
    name: &str,
    first: &Entry,
    by_place: &HashMap<(&str, u32), &Entry>,
) -> Result<Vec<String>, SnapshotError> {
    enum Step<'e> {
        Enter(&'e Reference),
        Leave(&'e Entry),
    }
    let mut texts: Vec<String> = Vec::new();
    let mut met = HashSet::new();
    let mut steps: Vec<_> = first.references.iter().rev().map(Step::Enter).collect();
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave(entry) if texts.contains(&entry.schema) => {}
            Step::Leave(entry) => texts.push(entry.schema.clone()),
            Step::Enter(Reference { subject, version }) => {
                if !met.insert((subject, version)) {
                    continue;
                }
                let entry = by_place.get(&(subject.as_str(), *version)).ok_or_else(|| SnapshotError::Reference {
                    schema: name.to_owned(),
                    subject: subject.clone(),
                    version: *version,
                })?;
                steps.push(Step::Leave(entry));
                steps.extend(entry.references.iter().rev().map(Step::Enter));
            }
        }
    }
    Ok(texts)
}
