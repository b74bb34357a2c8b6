//! The ports to schema registries, in types of our own: schemas by id, and by subject and version.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{FetchCounter, SchemaId, SchemaRef};

/// A registry of writer schemas.
///
/// A schema never changes once it has an id, so an answer may be kept for good. Implementations only fetch;
/// [`SchemaCache`](crate::SchemaCache) shares and keeps.
pub trait Schemas: Send + Sync {
    /// The schema behind a reference.
    ///
    /// # Errors
    /// [`RegistryErrorKind::NotFound`] only when the registry itself answers that it has no such schema. See
    /// [`RegistryError::is_transient`] for the errors that may pass.
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>>;

    /// The same, counting what it cost. An implementation that keeps no schemas makes a request each time.
    ///
    /// # Errors
    /// As [`by_id`](Self::by_id).
    fn by_id_counted<'a>(
        &'a self,
        schema: SchemaRef,
        counter: &'a FetchCounter,
    ) -> BoxFuture<'a, Result<Arc<SchemaText>, RegistryError>> {
        async move {
            let requested = Instant::now();
            let answer = self.by_id(schema).await;
            counter.fetched(is_answered(&answer), requested.elapsed());
            answer
        }
        .boxed()
    }
}

/// Whether the registry answered, be it that it has no such schema.
pub(crate) fn is_answered(answer: &Result<Arc<SchemaText>, RegistryError>) -> bool {
    answer.as_ref().err().is_none_or(|error| !error.is_transient())
}

impl<S: Schemas + ?Sized> Schemas for Arc<S> {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        (**self).by_id(schema)
    }

    fn by_id_counted<'a>(
        &'a self,
        schema: SchemaRef,
        counter: &'a FetchCounter,
    ) -> BoxFuture<'a, Result<Arc<SchemaText>, RegistryError>> {
        (**self).by_id_counted(schema, counter)
    }
}

/// A registry that also knows schemas by subject and version, as producers and tools need.
///
/// Unlike an id, [`Version::Latest`] may name another schema tomorrow, so nothing here is kept by
/// [`SchemaCache`](crate::SchemaCache).
pub trait Subjects: Send + Sync {
    /// The schema that is registered under a subject, in a version.
    ///
    /// # Errors
    /// [`RegistryErrorKind::NotFound`] when the registry itself answers that it has no such subject or version; the error
    /// [names](RegistryError::target) both.
    fn version<'a>(
        &'a self,
        subject: &'a str,
        version: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>>;
}

impl<S: Subjects + ?Sized> Subjects for Arc<S> {
    fn version<'a>(
        &'a self,
        subject: &'a str,
        version: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        (**self).version(subject, version)
    }
}

/// A version of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// The one that was registered last.
    Latest,
    /// The one with this number, from 1.
    Number(u32),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Latest => f.write_str("latest"),
            Version::Number(number) => write!(f, "{number}"),
        }
    }
}

/// A schema with its place in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// The id by which frames name it.
    pub id: SchemaId,
    /// Its version under the subject, from 1.
    pub version: u32,
    /// The GUID of its content, where the registry has GUIDs.
    pub guid: Option<Uuid>,
    /// The schema itself.
    pub schema: Arc<SchemaText>,
}

/// An Avro schema as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaText {
    /// The schema's JSON.
    pub text: String,
    /// The JSON of the schemas that it refers to by name, each after its own references.
    pub references: Vec<String>,
}

impl SchemaText {
    /// Its size in bytes, references included.
    pub fn size(&self) -> usize {
        self.references.iter().map(String::len).fold(self.text.len(), usize::saturating_add)
    }
}

/// What a request to a registry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RegistryTarget {
    /// A schema, as a frame names it.
    Schema(SchemaRef),
    /// A subject in a version.
    Version(String, Version),
    /// A subject as a whole.
    Subject(String),
    /// The registry itself: the list of its subjects, or its own settings.
    Registry,
}

impl From<SchemaRef> for RegistryTarget {
    fn from(schema: SchemaRef) -> Self {
        RegistryTarget::Schema(schema)
    }
}

impl fmt::Display for RegistryTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistryTarget::Schema(schema) => schema.fmt(f),
            RegistryTarget::Version(subject, version) => write!(f, "subject {subject}, version {version}"),
            RegistryTarget::Subject(subject) => write!(f, "subject {subject}"),
            RegistryTarget::Registry => f.write_str("schema registry"),
        }
    }
}

/// A request to a registry failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{target}: {kind}")]
pub struct RegistryError {
    target: RegistryTarget,
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
    /// It answers, but not as a registry that lets us in: a wrong URL, missing rights, a proxy's page.
    #[error(
        "the schema registry refuses the request, or something else answers at its address: check its URL and credentials"
    )]
    Refused,
    /// It has no schemas at all, or no longer has one that it returned before: it has just started, has lost its store, or
    /// is a different one than before.
    #[error(
        "the schema registry has lost its schemas: it lists none at all, or no longer has one that it returned before; it may be starting, or be the wrong one"
    )]
    Lost,
    /// The registry has no such schema, subject or version. A follower may not have yet what was registered a
    /// moment ago.
    #[error("the schema registry has no such schema, subject or version")]
    NotFound,
    /// The registry rejects the schema: the subject's compatibility level forbids it.
    #[error("the schema registry finds the schema incompatible with earlier versions")]
    Incompatible,
    /// The registry cannot use what it was sent: not an Avro schema, unknown references, an unknown level.
    #[error("the schema registry finds the request invalid")]
    Invalid,
    /// The schema is not Avro, is too large, or refers to too many others.
    #[error("the schema cannot be used: it is not Avro, is too large, or has too many references")]
    Unusable,
    /// The schema has rules that its readers must run, and this one runs none: it would take ciphertext for data.
    #[error("the schema has rules that its readers must run, such as decryption, and this reader runs none")]
    RulesUnsupported,
    /// This registry has no schemas under ids of this kind.
    #[error("this registry has no schemas under ids of this kind")]
    Unsupported,
}

impl RegistryError {
    /// A failed request for `target`.
    pub fn new(target: impl Into<RegistryTarget>, kind: RegistryErrorKind) -> Self {
        Self { target: target.into(), kind, retry_after: None, source: None }
    }

    /// Adds how long the registry wants us to wait.
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

    /// The same error with another meaning: what an answer proves may depend on what else the registry answers.
    #[must_use]
    pub fn with_kind(self, kind: RegistryErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// What caused it, for an implementation that looks at its own causes.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// What the request was about.
    pub fn target(&self) -> &RegistryTarget {
        &self.target
    }

    /// What happened.
    pub fn kind(&self) -> RegistryErrorKind {
        self.kind
    }

    /// Whether the same request may succeed later: the registry is down, busy, or wrongly configured. Such an error says
    /// nothing about the record, which must not be dead-lettered for it.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            RegistryErrorKind::Unavailable
            | RegistryErrorKind::Throttled
            | RegistryErrorKind::Refused
            | RegistryErrorKind::Lost => true,
            RegistryErrorKind::NotFound
            | RegistryErrorKind::Incompatible
            | RegistryErrorKind::Invalid
            | RegistryErrorKind::Unusable
            | RegistryErrorKind::RulesUnsupported
            | RegistryErrorKind::Unsupported => false,
        }
    }

    /// How long the registry wants us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self.kind {
            RegistryErrorKind::Unavailable => "registry_unavailable",
            RegistryErrorKind::Throttled => "registry_throttled",
            RegistryErrorKind::Refused => "registry_refused",
            RegistryErrorKind::Lost => "registry_lost_schemas",
            RegistryErrorKind::NotFound => match self.target {
                RegistryTarget::Schema(_) => "schema_not_found",
                RegistryTarget::Version(..) => "version_not_found",
                RegistryTarget::Subject(_) | RegistryTarget::Registry => "subject_not_found",
            },
            RegistryErrorKind::Incompatible => "schema_incompatible",
            RegistryErrorKind::Invalid => "registry_request_invalid",
            RegistryErrorKind::Unusable => "schema_unusable",
            RegistryErrorKind::RulesUnsupported => "schema_rules_unsupported",
            RegistryErrorKind::Unsupported => "schema_reference_unsupported",
        }
    }
}
