//! AWS and the registry in the foreground, for `cargo lambda watch` and `cargo lambda invoke` by hand.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::recording::{Recording, RecordingError};
use crate::stack::{Stack, StackError};
use crate::tools::{SetupError, Workspace};

/// AWS could not be stood in for.
#[derive(Debug, thiserror::Error)]
pub enum LocalAwsError {
    /// No workspace, no tools.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No schemas.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A part did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Output or files.
    #[error("cannot write")]
    Io(#[from] std::io::Error),
}

/// Serves until the future is dropped. The registry has the schemas of every recording below `recordings`.
///
/// # Errors
/// When something does not start.
pub async fn serve_local_aws(
    workspace: &Workspace,
    recordings: &Path,
    out: &mut (impl Write + Send),
) -> Result<(), LocalAwsError> {
    let mut schemas = BTreeMap::new();
    let mut folders: Vec<_> = std::fs::read_dir(workspace.root().join(recordings))?.collect::<Result<_, _>>()?;
    folders.sort_by_key(std::fs::DirEntry::file_name);
    for folder in folders {
        schemas.extend(Recording::read(&folder.path())?.schemas);
    }
    let stack = Stack::start(workspace, schemas).await?;
    let env_file = EnvFile(workspace.local("local.env"));
    stack.write_env_file(&env_file.0)?;
    let mails = format!("{}/_ministack/ses/messages", stack.aws.endpoint());
    writeln!(out, "AWS (DynamoDB, SQS, SES)  {}", stack.faults.endpoint())?;
    writeln!(out, "schema registry           {}", stack.registry.url())?;
    writeln!(out, "mails sent so far         {mails}")?;
    writeln!(out, "variables                 {}\n", env_file.0.display())?;
    writeln!(out, "In another terminal:      make watch")?;
    writeln!(out, "or, with cargo-lambda:    cargo lambda watch -A 127.0.0.1 --env-file .local/local.env")?;
    writeln!(out, "In a third one:           make invoke FUNCTION=send-welcome-email EVENT=created")?;
    writeln!(out, "End with Ctrl-C; nothing is kept.")?;
    out.flush()?;
    std::future::pending().await
}

/// Goes with what it leads to: functions that found an old one would wait for ports that nobody listens on.
struct EnvFile(PathBuf);

impl Drop for EnvFile {
    fn drop(&mut self) {
        // Nothing more can be done about it here, and the next start writes it anew.
        let _ = std::fs::remove_file(&self.0);
    }
}
