//! Errors of the demonstration.

use std::io;

use local_stack::{AwsError, FunctionsError, LogError, SetupError, StackError};
use recordings::RecordingError;

use crate::accounts::NoAccounts;
use crate::bad_batch::BadBatchError;
use crate::profile_feed::ProfilesError;

/// The demonstration could not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No workspace, no tools.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No accounts in it.
    #[error(transparent)]
    Accounts(#[from] NoAccounts),
    /// No bad batch can be made of it.
    #[error(transparent)]
    BadBatch(#[from] BadBatchError),
    /// A function was not built or served.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// The stand-ins did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The profile API or its broker did not start.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// The emulator did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// No HTTP client.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
    /// What a function published cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Output or files.
    #[error("cannot write")]
    Io(#[from] io::Error),
}
