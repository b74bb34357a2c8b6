//! Whether versions that a registry does not have yet would be accepted.

use avro_decode::Schema;
use schema_registries::ConfluentRegistry;
use schema_registry::compatibility::{Level, conflicts};
use schema_registry::{RegistryError, RegistryErrorKind, Version};

use super::comparison::{Refusal, Refuser};
use crate::causes::with_causes;
use crate::contracts::{self, Subject};

/// Whether a version breaks the contract's level, which a deployment sets before it registers the version.
pub(super) fn by_contract(subject: &Subject, version: &contracts::Version, level: Level) -> Option<Refusal> {
    let before = subject.versions.iter().filter(|older| older.number < version.number);
    let before: Vec<(u32, &Schema)> = before.map(|older| (older.number, &older.schema)).collect();
    let name = format!("v{}", version.number);
    let broken = conflicts(&version.schema, &before, level).into_iter();
    let reasons: Vec<_> = broken.map(|conflict| conflict.to_string().replace("the new version", &name)).collect();
    (!reasons.is_empty()).then(|| refusal(subject, version, Refuser::Contract(level), reasons))
}

/// Asks the registry about the versions behind `registered`, at the level that it has today: it may be stricter than the
/// contract's, and its rules may differ from ours.
pub(super) async fn by_registry(
    subject: &Subject,
    registered: &[u32],
    level: Option<Level>,
    registry: &ConfluentRegistry,
) -> Result<Vec<Refusal>, RegistryError> {
    let missing = subject.versions.iter().skip(registered.len());
    let Some(latest) = registered.len().checked_sub(1).filter(|_| missing.len() > 0) else { return Ok(Vec::new()) };
    let level = match level {
        Some(level) => Some(level),
        None => registry.level(None).await?,
    };
    let all = level.is_some_and(Level::is_transitive);
    let mut refusals = Vec::new();
    // Where only the latest version counts, that of the second new one is not there to ask about.
    for version in missing.take(if all { usize::MAX } else { 1 }) {
        let mut reasons = Vec::new();
        let mut refused = false;
        for &number in registered.iter().skip(if all { 0 } else { latest }) {
            let Some(objections) = objections(subject, version, number, registry).await? else { continue };
            refused = true;
            reasons.extend(objections.into_iter().filter(|reason| !reasons.contains(reason)).collect::<Vec<_>>());
        }
        if refused {
            refusals.push(refusal(subject, version, Refuser::Registry(level), reasons));
        }
    }
    Ok(refusals)
}

/// What the registry has against a version that follows its version `number`; `None`: nothing, or it cannot say.
async fn objections(
    subject: &Subject,
    version: &contracts::Version,
    number: u32,
    registry: &ConfluentRegistry,
) -> Result<Option<Vec<String>>, RegistryError> {
    let verdict = registry.compatibility(&subject.name, Version::Number(number), &version.to_register()).await;
    match verdict {
        Ok(Some(verdict)) if !verdict.compatible => Ok(Some(verdict.messages)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == RegistryErrorKind::Invalid => Ok(Some(vec![with_causes(&error)])),
        Err(error) => Err(error),
    }
}

fn refusal(subject: &Subject, version: &contracts::Version, by: Refuser, reasons: Vec<String>) -> Refusal {
    Refusal { subject: subject.name.clone(), version: version.number, by, reasons }
}
