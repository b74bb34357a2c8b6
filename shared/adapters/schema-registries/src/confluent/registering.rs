//! A registry that registers the schema that it is asked for: for development.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use schema_registry::{RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, Subjects, Version};

use super::{ConfluentRegistry, NewSchema};

/// Registers one schema under every subject that it is asked for, and answers with it, if the compatibility level of the
/// subject or registry allows it.
///
/// For development only: in production a schema is reviewed and registered before its producer runs.
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
        // It was deleted meanwhile.
        found
            .ok_or_else(|| RegistryError::new(RegistryTarget::Subject(subject.to_owned()), RegistryErrorKind::NotFound))
    }
}

impl Subjects for RegisteringSubjects {
    /// The version that the schema has or gets; the requested version is ignored.
    fn version<'a>(
        &'a self,
        subject: &'a str,
        _: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        self.registered(subject).boxed()
    }
}
