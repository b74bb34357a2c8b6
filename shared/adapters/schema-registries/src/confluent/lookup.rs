//! One schema that was asked for, with what it refers to.

use std::{collections::HashSet, sync::Arc};

use reqwest::Method;
use schema_registry::{Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaId, SchemaText};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{ConfluentRegistry, transport::Question};
use crate::{http::Said, rule_set::RuleSet};

/// The registry's answer to any question for a schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    schema: String,
    /// Left out for Avro.
    schema_type: Option<String>,
    /// `null` from some registries.
    references: Option<Vec<Reference>>,
    rule_set: Option<RuleSet>,
}

/// What else it says to a question for a subject's version.
#[derive(Deserialize)]
struct Place {
    id: u32,
    version: u32,
    guid: Option<Uuid>,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
struct Reference {
    subject: String,
    version: i64,
}

/// One schema that was asked for, and all requests that it takes.
pub(super) struct Lookup<'r> {
    pub(super) registry: &'r ConfluentRegistry,
    pub(super) asked: Asked,
}

impl Lookup<'_> {
    /// The schema at a path.
    pub(super) async fn schema(&self, path: &[&str]) -> Result<Arc<SchemaText>, RegistryError> {
        let found = self.found(&self.get(path, &[]).await?)?;
        self.without_rules(&found)?;
        self.complete(found).await
    }

    /// The schema at a path that tells its place too.
    pub(super) async fn registered(&self, path: &[&str]) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let body = self.get(path, &[]).await?;
        self.without_rules(&self.found(&body)?)?;
        self.placed(&body).await
    }

    /// The schema of an answer that tells its place too.
    pub(super) async fn placed(&self, body: &[u8]) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let Place { id, version, guid } = read(body, &self.asked)?;
        let schema = self.complete(self.found(body)?).await?;
        Ok(Arc::new(RegisteredSchema { id: SchemaId(id), version, guid, schema }))
    }

    /// Whoever reads or writes by a schema has to run its rules. One that cannot must not take ciphertext for text, nor
    /// write in the clear what should be encrypted.
    fn without_rules(&self, found: &Found) -> Result<(), RegistryError> {
        match found.rule_set.as_ref().and_then(RuleSet::refusal) {
            Some(rule) => Err(self.error(RegistryErrorKind::RulesUnsupported).caused_by(Said::Rule(rule))),
            None => Ok(()),
        }
    }

    async fn complete(&self, found: Found) -> Result<Arc<SchemaText>, RegistryError> {
        let room = self.registry.max_schema_bytes.checked_sub(found.schema.len());
        let room = room.ok_or_else(|| self.error(RegistryErrorKind::Unusable).caused_by(Said::TooLarge))?;
        let references = self.references(found.references.as_deref().unwrap_or_default(), room).await?;
        Ok(Arc::new(SchemaText { text: found.schema, references }))
    }

    /// What a schema refers to, dependencies first and each text once. Walked with a stack of our own: how deep
    /// references go is up to whoever registered them.
    async fn references(&self, first: &[Reference], mut room: usize) -> Result<Vec<String>, RegistryError> {
        enum Step {
            Enter(Reference),
            Leave(String),
        }
        let mut texts = Vec::new();
        let mut met = HashSet::new();
        let mut steps: Vec<Step> = first.iter().rev().cloned().map(Step::Enter).collect();
        while let Some(step) = steps.pop() {
            let reference = match step {
                // One schema may be registered under several subjects; defined twice it would be a conflict.
                Step::Leave(text) if texts.contains(&text) => continue,
                Step::Leave(text) => {
                    texts.push(text);
                    continue;
                }
                Step::Enter(reference) if met.contains(&reference) => continue,
                Step::Enter(reference) => reference,
            };
            if met.len() >= self.registry.max_references {
                return Err(self.error(RegistryErrorKind::Unusable));
            }
            let version = reference.version.to_string();
            let path = ["subjects", &reference.subject, "versions", &version];
            // A version that others refer to may have been soft-deleted since.
            let found = self.found(&self.get(&path, &[("deleted", "true")]).await?)?;
            room = room
                .checked_sub(found.schema.len())
                .ok_or_else(|| self.error(RegistryErrorKind::Unusable).caused_by(Said::TooLarge))?;
            met.insert(reference);
            steps.push(Step::Leave(found.schema));
            steps.extend(found.references.unwrap_or_default().into_iter().rev().map(Step::Enter));
        }
        Ok(texts)
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<u8>, RegistryError> {
        let question = Question { asked: &self.asked, method: Method::GET, path, query, body: None };
        self.registry.transport.ask(question).await
    }

    fn found(&self, body: &[u8]) -> Result<Found, RegistryError> {
        let found: Found = read(body, &self.asked)?;
        match found.schema_type.as_deref() {
            None | Some("AVRO") => Ok(found),
            Some(_) => Err(self.error(RegistryErrorKind::Unusable)),
        }
    }

    fn error(&self, kind: RegistryErrorKind) -> RegistryError {
        RegistryError::new(self.asked.clone(), kind)
    }
}

/// The error of serde_json may quote the body, so it is not kept.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], asked: &Asked) -> Result<T, RegistryError> {
    serde_json::from_slice(body)
        .map_err(|_| RegistryError::new(asked.clone(), RegistryErrorKind::Refused).caused_by(Said::Unreadable))
}
