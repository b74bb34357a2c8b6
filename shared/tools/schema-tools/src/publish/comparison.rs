//! The differences between the contracts and a registry, and how they read.

use std::fmt;

use schema_registries::NewSchema;
use schema_registry::compatibility::Level;

/// The differences between the contracts and a registry. Subjects that only the registry has belong to others and do not
/// count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The changes that registering makes, in their order.
    pub changes: Vec<Change>,
    /// The differences that stay, because nothing that is registered is ever changed or removed.
    pub conflicts: Vec<Conflict>,
    /// Why versions among the changes would not be accepted.
    pub refusals: Vec<Refusal>,
}

/// What a comparison says to somebody who is about to deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The registry has what the contracts say.
    Equal,
    /// There are changes to make, and nothing refuses one.
    Compatible,
    /// A change would be refused, or a difference is there that no change resolves.
    Refused,
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

/// A version that is not in the registry and could not be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The subject.
    pub subject: String,
    /// Our number for the version.
    pub version: u32,
    /// Whose level refuses it.
    pub by: Refuser,
    /// Why, in the words of the one that refuses; empty where it gives no reason.
    pub reasons: Vec<String>,
}

/// Whose compatibility level refuses a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuser {
    /// The level that the contract promises.
    Contract(Level),
    /// The registry, at the level that it has today for the subject or for all subjects, where it names one.
    Registry(Option<Level>),
}

impl Comparison {
    /// What it says to somebody who is about to deploy.
    pub fn answer(&self) -> Answer {
        match (self.conflicts.is_empty() && self.refusals.is_empty(), self.changes.is_empty()) {
            (false, _) => Answer::Refused,
            (true, false) => Answer::Compatible,
            (true, true) => Answer::Equal,
        }
    }
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}: ", self.subject, self.version)?;
        match self.by {
            Refuser::Contract(level) => write!(f, "it breaks the contract's level {level}")?,
            Refuser::Registry(Some(level)) => write!(f, "the registry refuses it at its level {level}")?,
            Refuser::Registry(None) => write!(f, "the registry refuses it")?,
        }
        self.reasons.iter().try_for_each(|reason| write!(f, "\n  {}", reason.replace('\n', "\n  ")))?;
        match self.by {
            Refuser::Contract(_) => write!(f, "\n  remedy:  change it to a compatible form, or use a new topic"),
            Refuser::Registry(_) => write!(
                f,
                "\n  remedy:  change it to a compatible form, or use a new topic; if the level is to change, register the \
                 new level first, without this version"
            ),
        }
    }
}
