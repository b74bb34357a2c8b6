//! The client of Confluent's REST API, which Redpanda, Karapace and Apicurio (under `/apis/ccompat/v7`) speak too.

mod admin;
mod answer;
mod config;
mod lookup;
mod oauth;
mod registering;
mod transport;

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::Method;
use schema_registry::{
    Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaId, SchemaRef, SchemaText, Schemas, Subjects,
    Version,
};

pub use self::{
    admin::{Compatibility, NewSchema, SchemaReference},
    config::{Auth, ClientCredentials, ConfluentConfig, ConfluentConfigError, Tls},
    registering::RegisteringSubjects,
};
use self::{
    answer::meaning_if_healthy,
    lookup::{Lookup, read},
    transport::{Question, Transport},
};

/// A Confluent-compatible registry: one cluster behind one URL or several.
///
/// TLS certificates are verified and redirects are not followed. How long a question may take, and what is tried again,
/// is told at [`ConfluentConfig`].
#[derive(Debug, Clone)]
pub struct ConfluentRegistry {
    transport: Arc<Transport>,
    max_references: usize,
    max_schema_bytes: usize,
}

impl ConfluentRegistry {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no URL, one is no HTTP URL or carries credentials (they belong in [`Auth`]), or TLS cannot be set
    /// up.
    pub fn new(config: ConfluentConfig) -> Result<Self, ConfluentConfigError> {
        let ConfluentConfig { max_references, max_schema_bytes, .. } = config;
        Ok(Self { transport: Arc::new(Transport::new(config)?), max_references, max_schema_bytes })
    }

    async fn schema(&self, schema: SchemaRef) -> Result<Arc<SchemaText>, RegistryError> {
        let lookup = Lookup { registry: self, asked: schema.into() };
        let found = match schema {
            SchemaRef::Id(SchemaId(id)) => lookup.schema(&["schemas", "ids", &id.to_string()]).await,
            SchemaRef::Guid(guid) => lookup.schema(&["schemas", "guids", &guid.to_string()]).await,
            SchemaRef::GlueVersion(_) => Err(RegistryError::new(schema, RegistryErrorKind::Unsupported)),
        };
        match found {
            Ok(schema) => Ok(schema),
            Err(error) => Err(self.judged(error).await),
        }
    }

    /// "Not there" costs a record, so it is believed only of a registry that answers what a healthy one does: that it has
    /// subjects. One that lists none has lost its schemas or has not read them yet. One that does not let us list them is
    /// taken at its word.
    async fn judged(&self, error: RegistryError) -> RegistryError {
        let Some(meant) = meaning_if_healthy(&error) else { return error };
        match self.has_subjects().await {
            Ok(true) => error.with_kind(meant),
            Ok(false) => error.with_kind(RegistryErrorKind::Lost),
            Err(asked) => match asked.kind() {
                kind @ (RegistryErrorKind::Unavailable | RegistryErrorKind::Throttled) => {
                    error.with_kind(kind).after(asked.retry_after())
                }
                // More than is read.
                RegistryErrorKind::Unusable => error.with_kind(meant),
                RegistryErrorKind::Refused
                | RegistryErrorKind::Lost
                | RegistryErrorKind::NotFound
                | RegistryErrorKind::Incompatible
                | RegistryErrorKind::Invalid
                | RegistryErrorKind::RulesUnsupported
                | RegistryErrorKind::Unsupported => error,
            },
        }
    }

    async fn has_subjects(&self) -> Result<bool, RegistryError> {
        let question = Question {
            asked: &Asked::Registry,
            method: Method::GET,
            path: &["subjects"],
            // Those that were deleted softly count too: their schemas are still given by id.
            query: &[("deleted", "true"), ("limit", "1")],
            body: None,
        };
        let subjects: Vec<String> = read(&self.transport.ask(question).await?, &Asked::Registry)?;
        Ok(!subjects.is_empty())
    }
}

impl Schemas for ConfluentRegistry {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        self.schema(schema).boxed()
    }
}

impl Subjects for ConfluentRegistry {
    fn version<'a>(
        &'a self,
        subject: &'a str,
        version: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        let lookup = Lookup { registry: self, asked: Asked::Version(subject.to_owned(), version) };
        async move { lookup.registered(&["subjects", subject, "versions", &version.to_string()]).await }.boxed()
    }
}
