//! Requests of tools to a registry: registering schemas, checking and setting compatibility, listing subjects.

use std::sync::Arc;

use reqwest::Method;
use schema_registry::{
    RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, Version,
    compatibility::Level as CompatibilityLevel,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{ConfluentRegistry, lookup::read, transport::Request};

/// An Avro schema to register, to look up or to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewSchema {
    /// Its JSON.
    pub schema: String,
    /// The named types that it uses from other subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<SchemaReference>,
}

/// A named type that another subject defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaReference {
    /// Its full name.
    pub name: String,
    /// The subject that defines it.
    pub subject: String,
    /// The version of that subject.
    pub version: u32,
}

/// A registry's verdict on a schema that would follow an earlier version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Compatibility {
    /// Whether the subject's level allows it.
    #[serde(rename = "is_compatible")]
    pub compatible: bool,
    /// Why not, in the registry's words; empty where it gives no reason.
    #[serde(default)]
    pub messages: Vec<String>,
}

#[derive(Deserialize)]
struct Registered {
    id: u32,
}

#[derive(Serialize)]
struct WantedLevel {
    compatibility: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentLevel {
    #[serde(deserialize_with = "level")]
    compatibility_level: CompatibilityLevel,
}

/// What tools need. Registering a schema again has the same answer as the first time, so these requests are retried and sent
/// to other URLs like any other request.
impl ConfluentRegistry {
    /// Registers a schema under a subject. If the subject has that schema already, the id is the existing one.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Incompatible`] if the subject's level forbids it, and [`RegistryErrorKind::Invalid`] if
    /// the registry cannot parse it or a schema that it refers to; the cause contains the registry's message.
    pub async fn register(&self, subject: &str, schema: &NewSchema) -> Result<SchemaId, RegistryError> {
        let target = RegistryTarget::Subject(subject.to_owned());
        let answer = self.post(&target, &["subjects", subject, "versions"], &[], schema).await?;
        read(&answer, &target).map(|Registered { id }| SchemaId(id))
    }

    /// The version under which a subject has a schema; `None` if it does not have it.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn find(
        &self,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<Option<Arc<RegisteredSchema>>, RegistryError> {
        let target = RegistryTarget::Subject(subject.to_owned());
        let Some(answer) = found(self.post(&target, &["subjects", subject], &[], schema).await)? else {
            return Ok(None);
        };
        self.lookup(target).schema_of_answer(&answer).await.map(Some)
    }

    /// Whether a schema could follow a version of a subject; `None` if the subject or version does not exist.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Invalid`] if the registry cannot parse it or a schema that it refers to.
    pub async fn compatibility(
        &self,
        subject: &str,
        version: Version,
        schema: &NewSchema,
    ) -> Result<Option<Compatibility>, RegistryError> {
        let target = RegistryTarget::Version(subject.to_owned(), version);
        let version = version.to_string();
        let path = ["compatibility", "subjects", subject, "versions", &version];
        let answer = found(self.post(&target, &path, &[("verbose", "true")], schema).await)?;
        answer.map(|answer| read(&answer, &target)).transpose()
    }

    /// The subjects, in the registry's order.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        read(&self.get(&RegistryTarget::Registry, &["subjects"], &[]).await?, &RegistryTarget::Registry)
    }

    /// The versions of a subject; empty if the subject does not exist.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn versions(&self, subject: &str) -> Result<Vec<u32>, RegistryError> {
        let target = RegistryTarget::Subject(subject.to_owned());
        let answer = found(self.get(&target, &["subjects", subject, "versions"], &[]).await)?;
        answer.map_or(Ok(Vec::new()), |answer| read(&answer, &target))
    }

    /// The level of a subject, or without a subject the registry's own; `None` if the subject has no level of its own.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn level(&self, subject: Option<&str>) -> Result<Option<CompatibilityLevel>, RegistryError> {
        let target = of(subject);
        let answer = found(self.get(&target, &config_path(subject), &[]).await)?;
        let level = answer.map(|answer| read(&answer, &target)).transpose()?;
        Ok(level.map(|CurrentLevel { compatibility_level }| compatibility_level))
    }

    /// Sets the level of a subject, or without a subject the registry's own.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn set_level(&self, subject: Option<&str>, level: CompatibilityLevel) -> Result<(), RegistryError> {
        let body = WantedLevel { compatibility: level.name() };
        self.send(Method::PUT, &of(subject), &config_path(subject), &[], &body).await.map(drop)
    }

    async fn get(
        &self,
        target: &RegistryTarget,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<u8>, RegistryError> {
        self.transport.send(Request { target, method: Method::GET, path, query, body: None }).await
    }

    async fn post(
        &self,
        target: &RegistryTarget,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, RegistryError> {
        self.send(Method::POST, target, path, query, body).await
    }

    async fn send(
        &self,
        method: Method,
        target: &RegistryTarget,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, RegistryError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| RegistryError::new(target.clone(), RegistryErrorKind::Invalid).caused_by(error))?;
        self.transport.send(Request { target, method, path, query, body: Some(body) }).await
    }
}

fn level<'de, D: Deserializer<'de>>(name: D) -> Result<CompatibilityLevel, D::Error> {
    String::deserialize(name)?.parse().map_err(D::Error::custom)
}

fn of(subject: Option<&str>) -> RegistryTarget {
    subject.map_or(RegistryTarget::Registry, |subject| RegistryTarget::Subject(subject.to_owned()))
}

fn config_path(subject: Option<&str>) -> Vec<&str> {
    std::iter::once("config").chain(subject).collect()
}

/// "Not found" as an answer.
fn found<T>(answer: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == RegistryErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
