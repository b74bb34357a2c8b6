//! What a registry lacks of the contracts, and bringing it there.

use std::fmt;

use schema_registries::{ConfluentRegistry, NewSchema};
use schema_registry::compatibility::{Level, UnknownLevel};
use schema_registry::{RegisteredSchema, RegistryError, SchemaId, Subjects, Version};
use serde_json::Value as Json;

use crate::compare::differences;
use crate::contracts::{self, Contracts, Subject};

/// Places of another content that are named before only "and more" is said.
const PLACES: usize = 3;

/// What differs between the contracts and a registry. Subjects that are in the registry alone do not count: others have
/// theirs there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What can be brought into the registry, in the order in which it has to be.
    pub changes: Vec<Change>,
    /// What keeps the two apart, because nothing that is registered is ever changed or removed.
    pub obstacles: Vec<Obstacle>,
}

/// Something to bring into a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The registry has not got this version.
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

/// Something that only people can clear up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
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
    /// The registry has a version after all of ours: somebody registered past the contracts.
    Surplus {
        /// The subject.
        subject: String,
        /// The registry's number for it.
        registered: u32,
    },
}

/// The contracts cannot be compared with the registry, or not be brought there.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The registry did not answer as it should, or refuses.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A manifest's level is none; `schemas check` says so too.
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
        self.changes.is_empty() && self.obstacles.is_empty()
    }
}

/// Compares every subject with the registry's. Reads only.
///
/// # Errors
/// When the registry does not answer, or a manifest's level is none.
pub async fn compare(contracts: &Contracts, registry: &ConfluentRegistry) -> Result<Comparison, PublishError> {
    let mut comparison = Comparison::default();
    for subject in contracts.subjects.values() {
        compare_subject(subject, registry, &mut comparison).await?;
    }
    Ok(comparison)
}

/// Makes one change; the id if it registered a version. Made again, it changes nothing.
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
            comparison.obstacles.push(Obstacle::OtherContent { subject, version, registered: number, places });
        }
    }
    let surplus = numbers.iter().skip(subject.versions.len());
    comparison.obstacles.extend(surplus.map(|&registered| Obstacle::Surplus { subject: name.clone(), registered }));

    let missing = subject.versions.iter().skip(numbers.len());
    let mut changes: Vec<Change> = missing
        .map(|version| Change::Register { subject: name.clone(), version: version.number, schema: new_schema(version) })
        .collect();
    if present != Some(wanted) {
        // Some registries take no level for a subject that they do not know; and later versions are to be held to it.
        let first = usize::from(numbers.is_empty()).min(changes.len());
        changes.insert(first, Change::SetLevel { subject: name.clone(), present, wanted });
    }
    comparison.changes.append(&mut changes);
    Ok(())
}

/// Where the two differ; `None` where they are one schema, as JSON or in the eyes of the registry, which may keep its own
/// form of what it was sent.
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

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::OtherContent { subject, version, registered, places } => {
                write!(f, "{subject} v{version}: the registry's version {registered} has other content")?;
                places.iter().try_for_each(|place| write!(f, "\n  {place}"))?;
                write!(
                    f,
                    "\n  remedy:  what is registered stays: make v{version}.avsc what it was, and write the change as the next \
                     version"
                )
            }
            Obstacle::Surplus { subject, registered } => write!(
                f,
                "{subject}: the registry's version {registered} is in no file\n  remedy:  add it as the next vN.avsc, or \
                 find out who registered it"
            ),
        }
    }
}
