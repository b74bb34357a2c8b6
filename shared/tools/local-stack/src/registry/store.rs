//! The registry's store: contents by id, versions by subject, and the level of each subject.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::response::{IntoResponse, Response};
use recordings::RegisteredSchema;
use schema_registry::compatibility::Level;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::refusals::{no_schema, refusal, unprocessable};

/// How the registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryMode {
    /// Normally.
    #[default]
    Serving,
    /// It answers, and registers nothing new.
    ReadOnly,
    /// Every request gets this HTTP status.
    Failing(u16),
}

pub(super) type Shared = Arc<Mutex<Held>>;

/// What the registry holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) schemas: BTreeMap<u32, Content>,
    /// In the order of registration.
    pub(super) versions: Vec<Registration>,
    /// Of the subjects that have a level.
    pub(super) levels: BTreeMap<String, Level>,
    pub(super) mode: RegistryMode,
    pub(super) requests: usize,
}

/// A schema with what it refers to; the GUID is the content's own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) schema: String,
    references: Vec<Value>,
    pub(super) guid: Uuid,
}

#[derive(Debug)]
pub(super) struct Registration {
    pub(super) subject: String,
    pub(super) version: u32,
    pub(super) id: u32,
}

/// What is sent to register or to look up a schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    schema: String,
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Value>,
}

impl Held {
    pub(super) fn of(schemas: BTreeMap<u32, RegisteredSchema>) -> Self {
        let mut held = Held::default();
        for (id, RegisteredSchema { subject, version, schema, references }) in schemas {
            held.schemas.insert(id, Content::new(schema, references));
            held.versions.push(Registration { subject, version, id });
        }
        held
    }

    /// The id of the content; a new one where it has none.
    pub(super) fn id_of(&mut self, content: Content) -> u32 {
        if let Some((id, _)) = self.schemas.iter().find(|(_, known)| **known == content) {
            return *id;
        }
        let id = self.schemas.keys().next_back().map_or(1, |last| last + 1);
        self.schemas.insert(id, content);
        id
    }

    pub(super) fn of_subject<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Registration> {
        self.versions.iter().filter(move |registration| registration.subject == subject)
    }

    pub(super) fn latest<'a>(&'a self, subject: &'a str) -> Option<&'a Registration> {
        self.of_subject(subject).max_by_key(|registration| registration.version)
    }

    /// A version by its number or as the latest.
    pub(super) fn find<'a>(&'a self, subject: &'a str, version: &str) -> Result<&'a Registration, Box<Response>> {
        let Some(latest) = self.latest(subject) else { return Err(Box::new(refusal(40401, "Subject not found"))) };
        let found = match version {
            "latest" => Some(latest),
            number => match number.parse::<u32>() {
                Ok(number) => self.of_subject(subject).find(|registration| registration.version == number),
                Err(_) => {
                    return Err(Box::new(unprocessable(42202, "The specified version is not a valid version id")));
                }
            },
        };
        found.ok_or_else(|| Box::new(refusal(40402, "Version not found")))
    }

    pub(super) fn answer(&self, registration: &Registration) -> Response {
        let Registration { subject, version, id } = registration;
        let Some(content) = self.schemas.get(id) else { return refusal(40403, "Schema not found") };
        let mut body = json!({"subject": subject, "version": version, "id": id});
        content.fill(&mut body);
        Json(body).into_response()
    }
}

impl Content {
    pub(super) fn new(schema: String, references: Vec<Value>) -> Self {
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, json!([schema, references]).to_string().as_bytes());
        Content { schema, references, guid }
    }

    /// The registry leaves the references out when there are none.
    pub(super) fn fill(&self, body: &mut Value) {
        body["schema"] = json!(self.schema);
        body["guid"] = json!(self.guid);
        if !self.references.is_empty() {
            body["references"] = json!(self.references);
        }
    }
}

impl Submission {
    pub(super) fn content(self) -> Result<Content, Box<Response>> {
        let avro = self.schema_type.as_deref().is_none_or(|name| name == "AVRO");
        if !avro || serde_json::from_str::<Value>(&self.schema).is_err() {
            return Err(Box::new(no_schema()));
        }
        Ok(Content::new(self.schema, self.references))
    }
}

/// No code panics while it holds the lock, so a poisoned one holds nothing half-done.
pub(super) fn lock(state: &Mutex<Held>) -> MutexGuard<'_, Held> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
