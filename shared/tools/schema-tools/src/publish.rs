//! Compares the contracts with a registry, and registers what it lacks.

use std::fmt;

use schema_registries::{ConfluentRegistry, NewSchema};
use schema_registry::compatibility::{Level, UnknownLevel};
use schema_registry::{RegisteredSchema, RegistryError, SchemaId, Subjects, Version};
use serde_json::Value as Json;

use crate::compare::differences;
use crate::contracts::{self, Contracts, Subject};

/// Differences that are named before "and more".
const PLACES: usize = 3;

/// The differences between the contracts and a registry. Subjects that only the registry has belong to others and do not
/// count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The changes that registering makes, in their order.
    pub changes: Vec<Change>,
    /// The differences that stay, because nothing that is registered is ever changed or removed.
    pub conflicts: Vec<Conflict>,
}

/// A change to make in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The registry does not have this version.
    Register {
        /// The subject.
        subject: String,
        /// Our number for it.
        version: u32,
        /// What there is to register.
        schema: NewSchema,
    },
    /// The registry's level for the subject is another one, or none of its own.
    SetLevel {
        /// The subject.
        subject: String,
        /// What the registry has.
        present: Option<Level>,
        /// What the contract promises.
        wanted: Level,
    },
}

/// A difference that only people can resolve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The registry has another schema in a version's place.
    OtherContent {
        /// The subject.
        subject: String,
        /// Our number for it.
        version: u32,
        /// The registry's number for what it has there.
        registered: u32,
        /// Where the two differ, and how.
        places: Vec<String>,
    },
    /// The registry has a version that is newer than all of the contracts.
    Surplus {
        /// The subject.
        subject: String,
        /// The registry's number for it.
        registered: u32,
    },
}

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

impl Comparison {
    /// Whether the registry has what the contracts say.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.conflicts.is_empty()
    }
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

    let missing = subject.versions.iter().skip(numbers.len());
    let mut changes: Vec<Change> = missing
        .map(|version| Change::Register { subject: name.clone(), version: version.number, schema: new_schema(version) })
        .collect();
    if present != Some(wanted) {
        // Some registries refuse a level for an unknown subject, and later versions are to be checked against it.
        let first = usize::from(numbers.is_empty()).min(changes.len());
        changes.insert(first, Change::SetLevel { subject: name.clone(), present, wanted });
    }
    comparison.changes.append(&mut changes);
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
    if registry.find(subject, &new_schema(ours)).await?.is_some_and(|found| found.version == theirs.version) {
        return Ok(None);
    }
    Ok(Some(json.map(|json| differences(&json, &ours.json, PLACES)).unwrap_or_default()))
}

fn new_schema(version: &contracts::Version) -> NewSchema {
    NewSchema { schema: version.text.clone(), references: Vec::new() }
}

fn wanted_level(subject: &Subject) -> Result<Level, PublishError> {
    let level = subject.manifest.compatibility.parse();
    level.map_err(|problem| PublishError::Level { subject: subject.name.clone(), problem })
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Register { subject, version, .. } => write!(f, "{subject} v{version}: not in the registry"),
            Change::SetLevel { subject, present: Some(present), wanted } => {
                write!(f, "{subject}: the registry's compatibility level is {present}, the contract's {wanted}")
            }
            Change::SetLevel { subject, present: None, wanted } => {
                write!(f, "{subject}: the registry has no compatibility level for it, the contract's is {wanted}")
            }
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Conflict::OtherContent { subject, version, registered, places } => {
                write!(f, "{subject} v{version}: the registry's version {registered} has other content")?;
                places.iter().try_for_each(|place| write!(f, "\n  {place}"))?;
                write!(
                    f,
                    "\n  remedy:  registered versions stay: restore v{version}.avsc, and write the change as the next \
                     version"
                )
            }
            Conflict::Surplus { subject, registered } => write!(
                f,
                "{subject}: no file contains the registry's version {registered}\n  remedy:  add it as the next vN.avsc, or \
                 find out who registered it"
            ),
        }
    }
}
