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
    RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, SchemaRef, SchemaText, Schemas,
    Subjects, Version,
};

pub use self::{
    admin::{Compatibility, NewSchema, SchemaReference},
    config::{Auth, ClientCredentials, ConfluentConfig, ConfluentConfigError, Tls},
    registering::RegisteringSubjects,
};
use self::{
    answer::meaning_if_healthy,
    lookup::{Lookup, LookupLimits, read},
    transport::{Request, Transport},
};

/// A Confluent-compatible registry: one cluster behind one URL or several.
///
/// TLS certificates are verified and redirects are not followed. [`ConfluentConfig`] describes how long a request may take and
/// what is tried again.
#[derive(Debug, Clone)]
pub struct ConfluentRegistry {
    transport: Arc<Transport>,
    limits: LookupLimits,
}

impl ConfluentRegistry {
    /// A client; makes no request yet.
    ///
    /// # Errors
    /// When a URL is missing, is not an HTTP URL or contains credentials (they belong in [`Auth`]), or when TLS cannot be set
    /// up.
    pub fn new(config: ConfluentConfig) -> Result<Self, ConfluentConfigError> {
        let ConfluentConfig { max_references, max_schema_bytes, .. } = config;
        let limits = LookupLimits { references: max_references, schema_bytes: max_schema_bytes };
        Ok(Self { transport: Arc::new(Transport::new(config)?), limits })
    }

    fn lookup(&self, target: RegistryTarget) -> Lookup<'_> {
        Lookup { transport: &self.transport, limits: self.limits, target }
    }

    async fn schema(&self, schema: SchemaRef) -> Result<Arc<SchemaText>, RegistryError> {
        let lookup = self.lookup(schema.into());
        let found = match schema {
            SchemaRef::Id(SchemaId(id)) => lookup.schema(&["schemas", "ids", &id.to_string()]).await,
            SchemaRef::Guid(guid) => lookup.schema(&["schemas", "guids", &guid.to_string()]).await,
            SchemaRef::GlueVersion(_) => Err(RegistryError::new(schema, RegistryErrorKind::Unsupported)),
        };
        match found {
            Ok(schema) => Ok(schema),
            Err(error) => Err(self.verified(error).await),
        }
    }

    /// "Not found" dead-letters a record, so it counts only if the registry is healthy, that is, if it has subjects. A registry
    /// that lists none has lost its schemas or has not read them yet. If we may not list them, the answer counts as it is.
    async fn verified(&self, error: RegistryError) -> RegistryError {
        let Some(meant) = meaning_if_healthy(&error) else { return error };
        match self.has_subjects().await {
            Ok(true) => error.with_kind(meant),
            Ok(false) => error.with_kind(RegistryErrorKind::Lost),
            Err(listing) => match listing.kind() {
                kind @ (RegistryErrorKind::Unavailable | RegistryErrorKind::Throttled) => {
                    error.with_kind(kind).after(listing.retry_after())
                }
                // A list that is too large to read is not empty.
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
        let request = Request {
            target: &RegistryTarget::Registry,
            method: Method::GET,
            path: &["subjects"],
            // Soft-deleted subjects count too: their schemas can still be fetched by id.
            query: &[("deleted", "true"), ("limit", "1")],
            body: None,
        };
        let subjects: Vec<String> = read(&self.transport.send(request).await?, &RegistryTarget::Registry)?;
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
        let lookup = self.lookup(RegistryTarget::Version(subject.to_owned(), version));
        async move { lookup.registered_schema(&["subjects", subject, "versions", &version.to_string()]).await }.boxed()
    }
}
