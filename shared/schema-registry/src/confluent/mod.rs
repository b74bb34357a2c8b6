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

pub use self::{
    admin::{Compatibility, NewSchema, SchemaReference},
    config::{Auth, ClientCredentials, ConfluentConfig, ConfluentConfigError, Tls},
    registering::RegisteringSubjects,
};
use self::{lookup::Lookup, transport::Transport};
use crate::{
    Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaId, SchemaRef, SchemaText, Schemas, Subjects,
    Version,
};

/// A Confluent-compatible registry: one cluster behind one URL or several.
///
/// TLS certificates are verified and redirects are not followed. How long a question may take, and what is tried again,
/// is told at [`ConfluentConfig`].
#[derive(Debug, Clone)]
pub struct ConfluentRegistry {
    transport: Arc<Transport>,
    max_references: usize,
}

impl ConfluentRegistry {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When there is no URL, one is no HTTP URL or carries credentials (they belong in [`Auth`]), or TLS cannot be set
    /// up.
    pub fn new(config: ConfluentConfig) -> Result<Self, ConfluentConfigError> {
        let max_references = config.max_references;
        Ok(Self { transport: Arc::new(Transport::new(config)?), max_references })
    }

    async fn schema(&self, schema: SchemaRef) -> Result<Arc<SchemaText>, RegistryError> {
        let lookup = Lookup { registry: self, asked: schema.into() };
        match schema {
            SchemaRef::Id(SchemaId(id)) => lookup.schema(&["schemas", "ids", &id.to_string()]).await,
            SchemaRef::Guid(guid) => lookup.schema(&["schemas", "guids", &guid.to_string()]).await,
            SchemaRef::GlueVersion(_) => Err(RegistryError::new(schema, RegistryErrorKind::Unsupported)),
        }
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
