//! Compares the contracts with a registry, and registers what it lacks.

mod comparing;
mod comparison;
mod verdicts;

use schema_registries::ConfluentRegistry;
use schema_registry::{RegistryError, SchemaId};

pub use comparing::{PublishError, compare};
pub use comparison::{Answer, Change, Comparison, Conflict, Refusal, Refuser};

/// Makes one change; returns the id if it registered a version. Repeating it changes nothing.
///
/// # Errors
/// When the registry refuses or does not answer.
pub async fn make(change: &Change, registry: &ConfluentRegistry) -> Result<Option<SchemaId>, RegistryError> {
    match change {
        Change::Register { subject, schema, .. } => registry.register(subject, schema).await.map(Some),
        Change::SetLevel { subject, wanted, .. } => registry.set_level(Some(subject), *wanted).await.map(|()| None),
    }
}
