//! Schemas that a function brings along, so that its first record needs no registry.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use schema_registry::{SchemaId, SchemaRef, SchemaText};
use serde::Deserialize;
use uuid::Uuid;

use crate::rule_set::RuleSet;

/// Schemas by the names that frames give them, as one registry had them.
///
/// The format is JSON, `{"<name>": {"subject", "version", "schema", "references"}}`: a name is an id (`"7"`), a GUID, or
/// `glue:` and the UUID of a schema version; references are `[{"name", "subject", "version"}]` and left out where there
/// are none. What they lead to has to be in the snapshot too.
///
/// **Ids belong to one registry.** With a snapshot of another one, records would be read by the wrong schema: take it
/// from the registry whose ids the records carry. GUIDs follow from the content, and glue versions are unique; those
/// cannot be mixed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    schemas: HashMap<SchemaRef, Arc<SchemaText>>,
}

/// The text is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not JSON of that form.
    #[error("line {line} is not as in a snapshot of schemas")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A name that no frame could carry.
    #[error("`{0}` names no schema: an id, a GUID, or glue: and a UUID is needed")]
    Name(String),
    /// A schema has rules that readers would have to run.
    #[error(
        "schema {schema} has a rule of type {rule} that its readers must run, and functions run none: they would take ciphertext for text"
    )]
    Rules {
        /// Which schema.
        schema: String,
        /// The rule's type, such as `ENCRYPT`.
        rule: String,
    },
    /// A reference leads out of the snapshot.
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
    /// When it is not JSON of that form, a name is none, or a reference leads out of it.
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

    /// How many names it has.
    pub fn len(&self) -> usize {
        self.schemas.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
    }

    /// The schema of that name.
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

/// What an entry refers to, dependencies first and each text once. Walked with a stack of our own: a snapshot may be as
/// deep as it likes.
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
