//! The demonstration: real bytes through the real functions, and whether what came out is what they imply.

mod mails;
mod passes;
mod report;
mod stages;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::accounts::{NoAccounts, account_topic};
use crate::aws::AwsError;
use crate::bad_batch::BadBatchError;
use crate::functions::{FunctionsError, WatchedFunctions, build};
use crate::recording::{Recording, RecordingError, RegisteredSchema};
use crate::schemas::repository_schemas;
use crate::stack::{Stack, StackError};
use crate::tools::{SetupError, Workspace};
use report::Findings;
use stages::{Stage, Stages};

/// What is demonstrated unless another recording is given.
const ACCOUNTS: &str = "events/recorded/postgres-accounts";

/// What to demonstrate with.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// A folder with `schemas.json` and `records.jsonl`: only what it holds is shown. `None` shows every flow with the
    /// recordings of the repository.
    pub recording: Option<PathBuf>,
    /// The topic of the accounts, where it cannot be told from the recording.
    pub topic: Option<String>,
    /// The folder below `.local` that receives what came out; whatever is in it goes.
    pub folder: String,
}

/// The demonstration could not be given.
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
    /// No bad batch to be made of it.
    #[error(transparent)]
    BadBatch(#[from] BadBatchError),
    /// A function was not built or served.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
    /// The stand-ins did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The emulator did not answer.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// No HTTP client.
    #[error("no HTTP client to be had")]
    Client(#[from] reqwest::Error),
    /// Output or files.
    #[error("cannot write")]
    Io(#[from] io::Error),
}

/// What every flow is shown in.
struct Setting<'a> {
    stack: &'a Stack,
    functions: &'a WatchedFunctions,
    /// Where to put what came out.
    folder: &'a Path,
}

/// Gives the demonstration and prints what came of it. True when all of it is what the records imply.
///
/// # Errors
/// When it cannot be given at all.
pub async fn demo(options: &DemoOptions, out: &mut (impl Write + Send)) -> Result<bool, DemoError> {
    let workspace = Workspace::find()?;
    let path = options.recording.clone().unwrap_or_else(|| workspace.root().join(ACCOUNTS));
    let recording = Recording::read(&path)?;
    let accounts = account_topic(&recording, options.topic.as_deref())?;
    writeln!(out, "Recording {}: accounts in {accounts}", path.display())?;

    let mut stages = Stages::default();
    stages.begin(out, "build", "building the functions (cargo's own progress follows if there is anything to do)")?;
    build(&workspace, &[mails::FUNCTION]).await?;
    stages.begin(out, "start", "starting DynamoDB, SQS and SES (ministack), a schema registry, cargo lambda watch")?;
    let folder = fresh_folder(&workspace, &options.folder)?;
    let stack = Stack::start(&workspace, schemas(&workspace, &recording)?).await?;
    let env_file = folder.join("demo.env");
    stack.write_env_file(&env_file)?;
    let functions = WatchedFunctions::start(&workspace, &env_file).await?;
    let setting = Setting { stack: &stack, functions: &functions, folder: &folder };

    let findings = vec![mails::show(&recording, accounts, &setting, &mut stages, out).await?];

    stages.begin(out, "clean up", "ending what was started")?;
    let log = functions.log().to_path_buf();
    functions.stop().await?;
    stack.aws.stop().await?;
    print(&findings, &stages.end(), &log, out)?;
    Ok(findings.iter().all(Findings::as_expected))
}

/// The repository's schemas, and over them those of the recording, which may have given the same ids to others.
fn schemas(workspace: &Workspace, recording: &Recording) -> Result<BTreeMap<u32, RegisteredSchema>, RecordingError> {
    let mut schemas = repository_schemas(workspace)?;
    schemas.extend(recording.schemas.clone());
    Ok(schemas)
}

fn print(findings: &[Findings], stages: &[Stage], log: &Path, out: &mut impl Write) -> io::Result<()> {
    for finding in findings {
        finding.print(out)?;
    }
    writeln!(out, "\n== Time")?;
    for stage in stages {
        writeln!(out, "  {:>7.2} s  {}", stage.took.as_secs_f64(), stage.name)?;
    }
    writeln!(out, "The functions' log is {}", log.display())?;
    let failed = findings.iter().filter(|finding| !finding.as_expected()).count();
    match failed {
        0 => writeln!(out, "Everything is as the records imply.")?,
        failed => writeln!(out, "NOT as the records imply: {failed} of {} flows, see NO above.", findings.len())?,
    }
    out.flush()
}

/// Empties a folder below `.local` and makes it again.
fn fresh_folder(workspace: &Workspace, name: &str) -> Result<PathBuf, DemoError> {
    let folder = workspace.local(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(workspace.folder(name)?)
}
