//! Compares the contracts with a registry, subject by subject.

use schema_registries::ConfluentRegistry;
use schema_registry::compatibility::{Level, UnknownLevel};
use schema_registry::{RegisteredSchema, RegistryError, Subjects, Version};
use serde_json::Value as Json;

use super::comparison::{Change, Comparison, Conflict};
use super::verdicts::{by_contract, by_registry};
use crate::compare::differences;
use crate::contracts::{self, Contracts, Subject};

/// Differences that are named before "and more".
const PLACES: usize = 3;

/// The contracts cannot be compared with the registry, or not registered.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The registry gave no valid answer, or refuses.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A manifest's level is not a level; `schemas check` reports it too.
    #[error("{subject}: {problem}")]
    Level {
        /// The subject.
        subject: String,
        /// Why.
        problem: UnknownLevel,
    },
}

/// Compares every subject with the registry's. Reads only.
///
/// # Errors
/// When the registry does not answer, or a manifest's level is not a level.
pub async fn compare(contracts: &Contracts, registry: &ConfluentRegistry) -> Result<Comparison, PublishError> {
    let mut comparison = Comparison::default();
    for subject in contracts.subjects.values() {
        compare_subject(subject, registry, &mut comparison).await?;
    }
    Ok(comparison)
}

/// Versions are compared by their order and not by the registry's numbers, which have gaps where one was deleted.
async fn compare_subject(
    subject: &Subject,
    registry: &ConfluentRegistry,
    comparison: &mut Comparison,
) -> Result<(), PublishError> {
    let name = &subject.name;
    let wanted = wanted_level(subject)?;
    let present = registry.level(Some(name)).await?;
    let mut numbers = registry.versions(name).await?;
    numbers.sort_unstable();

    for (ours, &number) in subject.versions.iter().zip(&numbers) {
        let theirs = registry.version(name, Version::Number(number)).await?;
        if let Some(places) = differing(name, ours, &theirs, registry).await? {
            let (subject, version) = (name.clone(), ours.number);
            comparison.conflicts.push(Conflict::OtherContent { subject, version, registered: number, places });
        }
    }
    let surplus = numbers.iter().skip(subject.versions.len());
    comparison.conflicts.extend(surplus.map(|&registered| Conflict::Surplus { subject: name.clone(), registered }));

    let missing = || subject.versions.iter().skip(numbers.len());
    let mut changes: Vec<Change> = missing()
        .map(|version| Change::Register {
            subject: name.clone(),
            version: version.number,
            schema: version.to_register(),
        })
        .collect();
    if present != Some(wanted) {
        // Some registries refuse a level for an unknown subject, and later versions are to be checked against it.
        let first = usize::from(numbers.is_empty()).min(changes.len());
        changes.insert(first, Change::SetLevel { subject: name.clone(), present, wanted });
    }
    comparison.changes.append(&mut changes);
    comparison.refusals.extend(missing().filter_map(|version| by_contract(subject, version, wanted)));
    comparison.refusals.extend(by_registry(subject, &numbers, present, registry).await?);
    Ok(())
}

/// Where the two differ; `None` where they are one schema, as JSON or as the registry compares them, since it may store
/// another form.
async fn differing(
    subject: &str,
    ours: &contracts::Version,
    theirs: &RegisteredSchema,
    registry: &ConfluentRegistry,
) -> Result<Option<Vec<String>>, RegistryError> {
    let json = serde_json::from_str::<Json>(&theirs.schema.text).ok();
    if json.as_ref() == Some(&ours.json) {
        return Ok(None);
    }
    if registry.find(subject, &ours.to_register()).await?.is_some_and(|found| found.version == theirs.version) {
        return Ok(None);
    }
    Ok(Some(json.map(|json| differences(&json, &ours.json, PLACES)).unwrap_or_default()))
}

fn wanted_level(subject: &Subject) -> Result<Level, PublishError> {
    let level = subject.manifest.compatibility.parse();
    level.map_err(|problem| PublishError::Level { subject: subject.name.clone(), problem })
}
