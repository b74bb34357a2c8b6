//! A registry that is given the schema that it is asked for: for development.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use schema_registry::{Asked, RegisteredSchema, RegistryError, RegistryErrorKind, Subjects, Version};

use super::{ConfluentRegistry, NewSchema};

/// Registers one schema under whatever subject it is asked for, and answers with it. Subject and registry decide by
/// their compatibility level whether it may be.
///
/// For development only: in production what consumers rely on is reviewed and registered before a producer runs.
#[derive(Debug, Clone)]
pub struct RegisteringSubjects {
    registry: ConfluentRegistry,
    schema: NewSchema,
}

impl RegisteringSubjects {
    /// Registers `schema`.
    pub fn new(registry: ConfluentRegistry, schema: NewSchema) -> Self {
        RegisteringSubjects { registry, schema }
    }

    async fn registered(&self, subject: &str) -> Result<Arc<RegisteredSchema>, RegistryError> {
        self.registry.register(subject, &self.schema).await?;
        let found = self.registry.find(subject, &self.schema).await?;
        // Deleted by somebody in between.
        found.ok_or_else(|| RegistryError::new(Asked::Subject(subject.to_owned()), RegistryErrorKind::NotFound))
    }
}

impl Subjects for RegisteringSubjects {
    /// The version that the schema has or gets; a number is not listened to.
    fn version<'a>(
        &'a self,
        subject: &'a str,
        _: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        self.registered(subject).boxed()
    }
}
