//! Looks up one schema, with the schemas that it refers to.

use std::{collections::HashSet, sync::Arc};

use reqwest::Method;
use schema_registry::{RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, SchemaText};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use super::transport::{Request, Transport};
use crate::{http::Cause, rule_set::RuleSet};

/// The registry's answer to a request for a schema.
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

/// What the answer to a request for a subject's version contains besides.
#[derive(Deserialize)]
struct SubjectVersion {
    id: u32,
    version: u32,
    guid: Option<Uuid>,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
struct Reference {
    subject: String,
    version: i64,
}

/// What one schema may take, with those that it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookupLimits {
    pub(super) references: usize,
    pub(super) schema_bytes: usize,
}

/// One lookup, and all requests that it takes.
pub(super) struct Lookup<'r> {
    pub(super) transport: &'r Transport,
    pub(super) limits: LookupLimits,
    pub(super) target: RegistryTarget,
}

impl Lookup<'_> {
    /// The schema at a path.
    pub(super) async fn schema(&self, path: &[&str]) -> Result<Arc<SchemaText>, RegistryError> {
        let found = self.found(&self.get(path, &[]).await?)?;
        self.refuse_rules(&found)?;
        self.complete(found).await
    }

    /// The schema at a path whose answer contains its id and version.
    pub(super) async fn registered_schema(&self, path: &[&str]) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let body = self.get(path, &[]).await?;
        self.refuse_rules(&self.found(&body)?)?;
        self.schema_of_answer(&body).await
    }

    /// The schema of an answer that contains its id and version.
    pub(super) async fn schema_of_answer(&self, body: &[u8]) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let SubjectVersion { id, version, guid } = read(body, &self.target)?;
        let schema = self.complete(self.found(body)?).await?;
        Ok(Arc::new(RegisteredSchema { id: SchemaId(id), version, guid, schema }))
    }

    /// Readers and writers must run a schema's rules. We run none, so we refuse such schemas: we would take ciphertext for
    /// data, or write in the clear what should be encrypted.
    fn refuse_rules(&self, found: &Found) -> Result<(), RegistryError> {
        match found.rule_set.as_ref().and_then(RuleSet::refusal) {
            Some(rule) => Err(self.error(RegistryErrorKind::RulesUnsupported).caused_by(Cause::Rule(rule))),
            None => Ok(()),
        }
    }

    async fn complete(&self, found: Found) -> Result<Arc<SchemaText>, RegistryError> {
        let room = self.limits.schema_bytes.checked_sub(found.schema.len());
        let room = room.ok_or_else(|| self.error(RegistryErrorKind::Unusable).caused_by(Cause::TooLarge))?;
        let references = self.references(found.references.as_deref().unwrap_or_default(), room).await?;
        Ok(Arc::new(SchemaText { text: found.schema, references }))
    }

    /// The schemas that a schema refers to, dependencies first and each text once. Walks with an explicit stack, because the
    /// registry decides how deep references go.
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
            if met.len() >= self.limits.references {
                return Err(self.error(RegistryErrorKind::Unusable));
            }
            let version = reference.version.to_string();
            let path = ["subjects", &reference.subject, "versions", &version];
            // A version may be soft-deleted while others refer to it.
            let found = self.found(&self.get(&path, &[("deleted", "true")]).await?)?;
            room = room
                .checked_sub(found.schema.len())
                .ok_or_else(|| self.error(RegistryErrorKind::Unusable).caused_by(Cause::TooLarge))?;
            met.insert(reference);
            steps.push(Step::Leave(found.schema));
            steps.extend(found.references.unwrap_or_default().into_iter().rev().map(Step::Enter));
        }
        Ok(texts)
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<u8>, RegistryError> {
        let request = Request { target: &self.target, method: Method::GET, path, query, body: None };
        self.transport.send(request).await
    }

    fn found(&self, body: &[u8]) -> Result<Found, RegistryError> {
        let found: Found = read(body, &self.target)?;
        match found.schema_type.as_deref() {
            None | Some("AVRO") => Ok(found),
            Some(_) => Err(self.error(RegistryErrorKind::Unusable)),
        }
    }

    fn error(&self, kind: RegistryErrorKind) -> RegistryError {
        RegistryError::new(self.target.clone(), kind)
    }
}

/// The error of serde_json may quote the body, so it is not kept.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], target: &RegistryTarget) -> Result<T, RegistryError> {
    serde_json::from_slice(body)
        .map_err(|_| RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(Cause::Unreadable))
}
