//! The registry's subjects in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schema_registry::{
    RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, SchemaText, Subjects, Version,
};

/// Each subject has one version. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct MemorySubjects(Arc<Mutex<BTreeMap<String, Arc<RegisteredSchema>>>>);

impl MemorySubjects {
    pub(crate) fn put(&self, subject: &str, id: u32, schema: &str) {
        let schema = Arc::new(SchemaText { text: schema.to_owned(), references: Vec::new() });
        let registered = RegisteredSchema { id: SchemaId(id), version: 1, guid: None, schema };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned(), Arc::new(registered));
    }

    fn find(&self, subject: &str, version: Version) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let subjects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = subjects.get(subject).filter(|_| matches!(version, Version::Latest | Version::Number(1)));
        found
            .cloned()
            .ok_or_else(|| RegistryError::new(RegistryTarget::Subject(subject.to_owned()), RegistryErrorKind::NotFound))
    }
}

impl Subjects for MemorySubjects {
    fn version<'a>(
        &'a self,
        subject: &'a str,
        version: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        async move { self.find(subject, version) }.boxed()
    }
}
