//! The registry's subjects where nothing is reached.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schema_registry::{RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, Subjects, Version};

/// Stands for the registry while a function only declares.
pub(super) struct NoSubjects;

impl Subjects for NoSubjects {
    fn version<'a>(
        &'a self,
        subject: &'a str,
        _: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        let target = RegistryTarget::Subject(subject.to_owned());
        async move { Err(RegistryError::new(target, RegistryErrorKind::Unavailable)) }.boxed()
    }
}
