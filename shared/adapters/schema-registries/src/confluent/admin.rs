//! What tools do with a registry: register schemas, check and set compatibility, list what is there.

use std::sync::Arc;

use reqwest::Method;
use schema_registry::{
    Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaId, Version,
    compatibility::Level as CompatibilityLevel,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    ConfluentRegistry,
    lookup::{Lookup, read},
    transport::Question,
};

/// An Avro schema to register, to look up or to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewSchema {
    /// Its JSON.
    pub schema: String,
    /// The named types that it takes from other subjects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<SchemaReference>,
}

/// A named type that lives under another subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaReference {
    /// Its full name.
    pub name: String,
    /// The subject that defines it.
    pub subject: String,
    /// In this version.
    pub version: u32,
}

/// What a registry says about a schema and a version that it would follow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Compatibility {
    /// Whether the subject's level allows it.
    #[serde(rename = "is_compatible")]
    pub compatible: bool,
    /// Why not, in the registry's words; empty where it does not tell.
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

/// What tools ask. A schema that is registered again gets the answer of the first time, so these are repeated and sent
/// to another URL like any other question.
impl ConfluentRegistry {
    /// Registers a schema under a subject; the id is the old one where the subject has that schema already.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Incompatible`] where the subject's level forbids it and [`RegistryErrorKind::Invalid`] where
    /// the registry cannot parse it or what it refers to; the cause has the registry's words.
    pub async fn register(&self, subject: &str, schema: &NewSchema) -> Result<SchemaId, RegistryError> {
        let asked = Asked::Subject(subject.to_owned());
        let answer = self.post(&asked, &["subjects", subject, "versions"], &[], schema).await?;
        read(&answer, &asked).map(|Registered { id }| SchemaId(id))
    }

    /// The version under which a subject has a schema; `None` where it has it not.
    ///
    /// # Errors
    /// When the registry cannot tell.
    pub async fn find(
        &self,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<Option<Arc<RegisteredSchema>>, RegistryError> {
        let asked = Asked::Subject(subject.to_owned());
        let Some(answer) = found(self.post(&asked, &["subjects", subject], &[], schema).await)? else {
            return Ok(None);
        };
        Lookup { registry: self, asked }.placed(&answer).await.map(Some)
    }

    /// Whether a schema could follow a version of a subject; `None` where the subject or version is not there.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Invalid`] where the registry cannot parse it or what it refers to.
    pub async fn compatibility(
        &self,
        subject: &str,
        version: Version,
        schema: &NewSchema,
    ) -> Result<Option<Compatibility>, RegistryError> {
        let asked = Asked::Version(subject.to_owned(), version);
        let version = version.to_string();
        let path = ["compatibility", "subjects", subject, "versions", &version];
        let answer = found(self.post(&asked, &path, &[("verbose", "true")], schema).await)?;
        answer.map(|answer| read(&answer, &asked)).transpose()
    }

    /// The subjects, as the registry orders them.
    ///
    /// # Errors
    /// When the registry cannot tell.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        read(&self.get(&Asked::Registry, &["subjects"], &[]).await?, &Asked::Registry)
    }

    /// The versions of a subject; none where there is no such subject.
    ///
    /// # Errors
    /// When the registry cannot tell.
    pub async fn versions(&self, subject: &str) -> Result<Vec<u32>, RegistryError> {
        let asked = Asked::Subject(subject.to_owned());
        let answer = found(self.get(&asked, &["subjects", subject, "versions"], &[]).await)?;
        answer.map_or(Ok(Vec::new()), |answer| read(&answer, &asked))
    }

    /// The level that a subject has of its own, or without a subject the registry's; `None` where the subject has none
    /// of its own.
    ///
    /// # Errors
    /// When the registry cannot tell.
    pub async fn level(&self, subject: Option<&str>) -> Result<Option<CompatibilityLevel>, RegistryError> {
        let asked = of(subject);
        let answer = found(self.get(&asked, &config_path(subject), &[]).await)?;
        let level = answer.map(|answer| read(&answer, &asked)).transpose()?;
        Ok(level.map(|CurrentLevel { compatibility_level }| compatibility_level))
    }

    /// Sets the level of a subject, or without a subject the registry's.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn set_level(&self, subject: Option<&str>, level: CompatibilityLevel) -> Result<(), RegistryError> {
        let body = WantedLevel { compatibility: level.name() };
        self.send(Method::PUT, &of(subject), &config_path(subject), &[], &body).await.map(drop)
    }

    async fn get(&self, asked: &Asked, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<u8>, RegistryError> {
        self.transport.ask(Question { asked, method: Method::GET, path, query, body: None }).await
    }

    async fn post(
        &self,
        asked: &Asked,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, RegistryError> {
        self.send(Method::POST, asked, path, query, body).await
    }

    async fn send(
        &self,
        method: Method,
        asked: &Asked,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, RegistryError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| RegistryError::new(asked.clone(), RegistryErrorKind::Invalid).caused_by(error))?;
        self.transport.ask(Question { asked, method, path, query, body: Some(body) }).await
    }
}

fn level<'de, D: Deserializer<'de>>(name: D) -> Result<CompatibilityLevel, D::Error> {
    String::deserialize(name)?.parse().map_err(D::Error::custom)
}

fn of(subject: Option<&str>) -> Asked {
    subject.map_or(Asked::Registry, |subject| Asked::Subject(subject.to_owned()))
}

fn config_path(subject: Option<&str>) -> Vec<&str> {
    std::iter::once("config").chain(subject).collect()
}

/// "Not there" as an answer.
fn found<T>(answer: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == RegistryErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
