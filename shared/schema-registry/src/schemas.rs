//! The port: where schemas come from, in our own types.

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::SchemaRef;

/// A registry of writer schemas.
///
/// A schema never changes once it has an id, so an answer may be kept for ever. Implementations fetch; sharing and
/// keeping is the work of [`SchemaCache`](crate::SchemaCache).
pub trait Schemas: Send + Sync {
    /// The schema behind a reference.
    ///
    /// # Errors
    /// [`RegistryErrorKind::NotFound`] only when the registry itself says that it has no such schema; see
    /// [`RegistryError::is_transient`] for what may pass.
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>>;
}

impl<S: Schemas + ?Sized> Schemas for Arc<S> {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        (**self).by_id(schema)
    }
}

/// An Avro schema as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaText {
    /// The schema's JSON.
    pub text: String,
    /// The JSON of the schemas that it refers to by name, each after those that it needs itself.
    pub references: Vec<String>,
}

/// Why a schema could not be had.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{schema}: {kind}")]
pub struct RegistryError {
    schema: SchemaRef,
    kind: RegistryErrorKind,
    retry_after: Option<Duration>,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What a registry's failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistryErrorKind {
    /// No answer: not connected, timed out, cut off, or a status of 500 and above.
    #[error("the schema registry cannot be reached or is failing")]
    Unavailable,
    /// Too many requests.
    #[error("the schema registry asks for fewer requests")]
    Throttled,
    /// It answers as something else would: a wrong URL, missing rights, a page of a proxy.
    #[error("the schema registry refuses or is not one: check its URL and credentials")]
    Refused,
    /// The registry has no such schema. A schema that was registered a moment ago may be missing on a follower.
    #[error("the schema registry has no such schema")]
    NotFound,
    /// The schema is not Avro, is too large, or refers to too many others.
    #[error("the schema cannot be used: it is not Avro, is too large, or its references do not end")]
    Unusable,
    /// This registry cannot look up such a reference.
    #[error("this registry has no schemas under such a reference")]
    Unsupported,
}

impl RegistryError {
    /// An error of a registry about a schema.
    pub fn new(schema: SchemaRef, kind: RegistryErrorKind) -> Self {
        Self { schema, kind, retry_after: None, source: None }
    }

    /// Adds how long the registry asked to wait.
    #[must_use]
    pub fn after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Which schema was asked for.
    pub fn schema(&self) -> SchemaRef {
        self.schema
    }

    /// What happened.
    pub fn kind(&self) -> RegistryErrorKind {
        self.kind
    }

    /// Whether the same question may have another answer later without anybody touching the record: the registry is
    /// down, busy, or wrongly configured. Such an error says nothing about the record, and must not cost it.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            RegistryErrorKind::Unavailable | RegistryErrorKind::Throttled | RegistryErrorKind::Refused => true,
            RegistryErrorKind::NotFound | RegistryErrorKind::Unusable | RegistryErrorKind::Unsupported => false,
        }
    }

    /// How long the registry asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self.kind {
            RegistryErrorKind::Unavailable => "registry_unavailable",
            RegistryErrorKind::Throttled => "registry_throttled",
            RegistryErrorKind::Refused => "registry_refused",
            RegistryErrorKind::NotFound => "schema_not_found",
            RegistryErrorKind::Unusable => "schema_unusable",
            RegistryErrorKind::Unsupported => "schema_reference_unsupported",
        }
    }
}
