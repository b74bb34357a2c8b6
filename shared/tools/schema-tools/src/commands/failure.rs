//! Exit codes, and why a command could not do its work.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use environment::Problems;
use event_functions::RegistryConfigError;
use schema_registry::RegistryError;
use schema_tools::publish::PublishError;
use schema_tools::{ContractError, with_causes};
use topic_contracts::TopicsError;

/// Everything holds.
pub(crate) const OK: u8 = 0;
/// Something does not hold or differs, or the registry refuses; the output names it.
pub(crate) const BAD: u8 = 1;
/// The input or the command line is unusable.
pub(crate) const BAD_INPUT: u8 = 2;
/// Of the commands with a registry: a change would be refused, or was, or only people can resolve a difference.
pub(crate) const REFUSED: u8 = 3;
/// Of the commands with a registry: the contracts cannot be read, or do not hold (EX_DATAERR of sysexits.h).
pub(crate) const BAD_CONTRACTS: u8 = 65;
/// The registry cannot be reached, is failing, or refuses access (EX_UNAVAILABLE).
pub(crate) const NO_ANSWER: u8 = 69;
/// The registry is not configured, or its credentials cannot be read (EX_CONFIG).
pub(crate) const NOT_CONFIGURED: u8 = 78;

/// Why no registry can be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRegistry {
    #[error("the registry is not configured: {0}")]
    Environment(Problems),
    #[error("the registry's credentials cannot be read")]
    Secrets(#[source] Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Config(#[from] RegistryConfigError),
    #[error("the asynchronous runtime does not start")]
    Runtime(#[source] io::Error),
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}", with_causes(.0))]
    Recording(#[from] schema_tools::DecodingError),
    #[error(transparent)]
    Cases(#[from] schema_tools::CasesError),
    #[error(transparent)]
    Contracts(#[from] ContractError),
    #[error(transparent)]
    NothingToCompare(ContractError),
    #[error("{}", with_causes(.0))]
    NoRegistry(#[from] NoRegistry),
    #[error("{}", with_causes(.0))]
    Publish(#[from] PublishError),
    #[error("line {line} has no `expect`")]
    NoExpectation { line: usize },
    #[error("there are no records")]
    NoRecords,
    #[error("line {line}: {}", with_causes(source))]
    Line { line: usize, source: schema_tools::DecodingError },
}

impl Failure {
    /// The exit code by kind.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Output(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Recording(_)
            | Self::Cases(_)
            | Self::NoExpectation { .. }
            | Self::NoRecords
            | Self::Line { .. } => BAD_INPUT,
            Self::Contracts(ContractError::Topics(TopicsError::Invalid(_))) => BAD,
            Self::Contracts(_) => BAD_INPUT,
            Self::NothingToCompare(_) | Self::Publish(PublishError::Level { .. }) => BAD_CONTRACTS,
            // Refusals of a change are printed and not failures: what is left is a registry that gives no usable answer.
            Self::Publish(PublishError::Registry(_)) => NO_ANSWER,
            Self::NoRegistry(NoRegistry::Runtime(_)) => BAD_INPUT,
            Self::NoRegistry(_) => NOT_CONFIGURED,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Failure::Publish(error.into())
    }
}
