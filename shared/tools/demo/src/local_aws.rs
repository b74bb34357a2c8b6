//! AWS and the registry in the foreground, for functions that a developer serves and invokes.

use std::io::Write;
use std::path::{Path, PathBuf};

use local_stack::{FunctionsError, SetupError, Stack, StackError, Workspace, repository_schemas, watch_sources};
use recordings::RecordingError;
use tokio::net::TcpStream;

use crate::manifests::{ManifestFilesError, manifests};
use crate::profile_feed::{Profiles, ProfilesError, profile_feed, serve_profiles};

/// The local AWS did not start.
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
    /// The profile API or its broker did not start.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// The functions were not served.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// The functions do not say what they need.
    #[error(transparent)]
    Manifests(#[from] ManifestFilesError),
    /// Output or files.
    #[error("cannot write")]
    Io(#[from] std::io::Error),
}

/// Serves AWS and the registry until the future is dropped.
///
/// # Errors
/// When something does not start.
pub async fn serve_local_aws(workspace: &Workspace, out: &mut (impl Write + Send)) -> Result<(), LocalAwsError> {
    let _aws = LocalAws::start(workspace, out).await?;
    writeln!(out, "\nIn another terminal:      make watch")?;
    writeln!(out, "or, with cargo-lambda:    cargo lambda watch -A 127.0.0.1 --env-file .local/local.env")?;
    writeln!(out, "In a third one:           make invoke FUNCTION=send-welcome-email EVENT=created")?;
    writeln!(out, "End with Ctrl-C; nothing is kept.")?;
    out.flush()?;
    std::future::pending().await
}

/// Serves the functions on `port`, restarting them when their source changes, until the future is dropped: with the AWS
/// that another terminal serves, else with its own.
///
/// # Errors
/// When something does not start.
pub async fn serve_functions(
    workspace: &Workspace,
    port: u16,
    out: &mut (impl Write + Send),
) -> Result<(), LocalAwsError> {
    let env_file = env_file(workspace);
    let of_its_own = if is_served(&env_file).await {
        writeln!(out, "Using the AWS that make local-aws serves in another terminal")?;
        None
    } else {
        Some(LocalAws::start(workspace, out).await?)
    };
    writeln!(out, "\nIn another terminal:      make invoke FUNCTION=send-welcome-email EVENT=created")?;
    writeln!(out, "A function that asks for another table needs a new start. End with Ctrl-C.\n")?;
    out.flush()?;
    watch_sources(workspace, &env_file, port).await?;
    drop(of_its_own);
    Ok(())
}

/// The stack, and the file that leads to it.
struct LocalAws {
    _stack: Stack,
    _profiles: Profiles,
    env_file: PathBuf,
}

impl LocalAws {
    /// The registry has every schema of the repository.
    async fn start(workspace: &Workspace, out: &mut (impl Write + Send)) -> Result<Self, LocalAwsError> {
        // What a function needs is read from its file, which its source may be ahead of.
        writeln!(out, "Asking the functions what they need (cargo's progress follows where it has to compile)")?;
        out.flush()?;
        manifests(workspace, false, out).await?;
        let mut stack = Stack::start(workspace, repository_schemas(workspace)?).await?;
        let published = workspace.local("published.jsonl");
        // The log of an earlier run does not match this registry and these tables.
        if published.exists() {
            std::fs::remove_file(&published)?;
        }
        let profiles = serve_profiles(&mut stack, profile_feed(), &published).await?;
        let env_file = env_file(workspace);
        stack.write_env_file(&env_file)?;
        writeln!(out, "AWS (DynamoDB, SQS, SES)  {}", stack.faults.endpoint())?;
        writeln!(out, "schema registry           {}", stack.registry.url())?;
        writeln!(out, "Kafka, in plaintext       {}", profiles.broker.address())?;
        writeln!(out, "mails sent so far         {}/_ministack/ses/messages", stack.aws.endpoint())?;
        writeln!(out, "published events          {}", published.display())?;
        writeln!(out, "variables                 {}", env_file.display())?;
        Ok(LocalAws { _stack: stack, _profiles: profiles, env_file })
    }
}

impl Drop for LocalAws {
    /// Removes the file, since what it leads to ends.
    fn drop(&mut self) {
        // A failure has no remedy here, and the next start writes it again.
        let _ = std::fs::remove_file(&self.env_file);
    }
}

fn env_file(workspace: &Workspace) -> PathBuf {
    workspace.local("local.env")
}

/// Whether a server listens at the address in the file: the file is left when its writer is killed.
async fn is_served(env_file: &Path) -> bool {
    let text = std::fs::read_to_string(env_file).unwrap_or_default();
    let endpoint = text.lines().find_map(|line| line.strip_prefix("AWS_ENDPOINT_URL=http://"));
    match endpoint {
        Some(address) => TcpStream::connect(address).await.is_ok(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_whose_address_has_no_server_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("local.env");
        assert!(!is_served(&file).await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = format!("A=b\nAWS_ENDPOINT_URL=http://{}\n", listener.local_addr().unwrap());
        std::fs::write(&file, line).unwrap();
        assert!(is_served(&file).await);
        drop(listener);
        assert!(!is_served(&file).await);
    }
}
