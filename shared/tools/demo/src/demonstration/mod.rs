//! The demonstration: runs recorded records through the real functions and checks the results.

mod error;
mod logins;
mod mails;
mod passes;
mod profiles;
mod report;
mod setting;
mod stages;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use error::DemoError;
use local_stack::{Stack, WatchedFunctions, Workspace, build, repository_schemas};
use logins::Logins;
use recordings::{Recording, RecordingError, RegisteredSchema};
use report::Findings;
use setting::Setting;
use stages::{Stage, Stages};

use crate::accounts::account_topic;
use crate::profile_feed::{profile_feed, serve_profiles};

/// The recordings that are shown by default.
const ACCOUNTS: &str = "events/recorded/postgres-accounts";
const LOGINS: &str = "events/recorded/mongodb-logins";

/// Options of the demonstration.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// A folder with `schemas.json` and `records.jsonl`: only what it contains is shown. `None` shows every flow with the
    /// recordings of the repository.
    pub recording: Option<PathBuf>,
    /// The topic of the accounts, where the recording does not show it.
    pub topic: Option<String>,
    /// The folder below `.local` for the results; its content is deleted first.
    pub folder: String,
}

/// Runs the demonstration and prints the results. True when all of them are what the records imply.
///
/// # Errors
/// When it cannot run.
pub async fn demo(options: &DemoOptions, out: &mut (impl Write + Send)) -> Result<bool, DemoError> {
    let workspace = Workspace::find()?;
    let shown = Shown::of(options, &workspace)?;
    let accounts = shown.accounts.as_ref().map(|path| Recording::read(path)).transpose()?;
    let account_topic = match &accounts {
        Some(recording) => Some((recording, account_topic(recording, options.topic.as_deref())?)),
        None => None,
    };
    let logins_recording = shown.logins.as_ref().map(|path| Recording::read(path)).transpose()?;
    let logins = match (&logins_recording, &shown.logins) {
        (Some(recording), Some(path)) => Logins::of(recording, path)?,
        _ => None,
    };

    let mut stages = Stages::default();
    stages.begin(out, "build", "building the functions (cargo's progress follows where it has to compile)")?;
    build(&workspace, &shown.functions()).await?;
    stages.begin(out, "start", "starting DynamoDB, SQS and SES (ministack), a schema registry, cargo lambda watch")?;
    let folder = fresh_folder(&workspace, &options.folder)?;
    let recordings = [accounts.as_ref(), logins_recording.as_ref()];
    let mut stack = Stack::start(&workspace, schemas(&workspace, recordings.into_iter().flatten())?).await?;
    let published = folder.join("published.jsonl");
    let _profiles = serve_profiles(&mut stack, profile_feed(), &published).await?;
    let env_file = folder.join("demo.env");
    stack.write_env_file(&env_file)?;
    let functions = WatchedFunctions::start(&workspace, &env_file).await?;
    let setting = Setting { stack: &stack, functions: &functions, folder: &folder };

    let mut findings = Vec::new();
    if let Some((recording, topic)) = account_topic {
        findings.push(mails::show(recording, topic, &setting, &mut stages, out).await?);
    }
    if let Some(logins) = &logins {
        findings.push(logins.show(&setting, &mut stages, out).await?);
    }
    if shown.profiles {
        findings.push(profiles::show(&published, &setting, &mut stages, out).await?);
    }

    stages.begin(out, "clean up", "stopping everything that was started")?;
    let log = functions.log().to_path_buf();
    functions.stop().await?;
    stack.aws.stop().await?;
    print(&findings, &stages.end(), &log, out)?;
    Ok(findings.iter().all(Findings::as_expected))
}

/// The flows to show, and their recordings.
struct Shown {
    accounts: Option<PathBuf>,
    logins: Option<PathBuf>,
    profiles: bool,
}

impl Shown {
    /// Every flow, or those of the given recording.
    fn of(options: &DemoOptions, workspace: &Workspace) -> Result<Self, RecordingError> {
        let Some(given) = &options.recording else {
            let [accounts, logins] = [ACCOUNTS, LOGINS].map(|path| Some(workspace.root().join(path)));
            return Ok(Shown { accounts, logins, profiles: true });
        };
        let recording = Recording::read(given)?;
        let logins = Logins::of(&recording, given)?.map(|_| given.clone());
        // A recording with nothing to show is reported as one without accounts.
        let accounts = logins.is_none() || options.topic.is_some() || account_topic(&recording, None).is_ok();
        Ok(Shown { accounts: accounts.then(|| given.clone()), logins, profiles: false })
    }

    fn functions(&self) -> Vec<&'static str> {
        let accounts = self.accounts.iter().map(|_| mails::FUNCTION);
        let logins = self.logins.iter().map(|_| logins::FUNCTION);
        let profiles = self.profiles.then_some([profiles::PUBLISHER, profiles::AUDITOR]);
        accounts.chain(logins).chain(profiles.into_iter().flatten()).collect()
    }
}

/// The repository's schemas, replaced by those of the recordings where both use the same id.
fn schemas<'a>(
    workspace: &Workspace,
    recordings: impl Iterator<Item = &'a Recording>,
) -> Result<BTreeMap<u32, RegisteredSchema>, RecordingError> {
    let mut schemas = repository_schemas(workspace)?;
    recordings.for_each(|recording| schemas.extend(recording.schemas.clone()));
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
        0 => writeln!(out, "All results are what the records imply.")?,
        failed => {
            writeln!(out, "{failed} of {} flows did NOT do what the records imply, see NO above.", findings.len())?
        }
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
