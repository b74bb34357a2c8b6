//! A stage for one test: the function's own binary, everything around it, and records to play with.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use local_stack::{
    CLAIMS_TABLE, Change, EventRecord, Function, Invocation, LambdaHost, Mail, Nulls, OLD_KEY_HEADER, Origin, Outcomes,
    Recording, Stack, Target, Workspace, build, event,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

type Failure = Box<dyn Error + Send + Sync>;

const FUNCTION: &str = "send-welcome-email";

/// A claim's lease is these together: short, so that a test sees one end.
const SHORT_LEASE: [(&str, &str); 2] = [("EFFECT_TIMEOUT_MS", "1500"), ("CLAIM_SKEW_MS", "500")];

/// The function and everything around it, for one test alone. All of it ends with this value.
pub struct Scene {
    /// What is around the function.
    pub stack: Stack,
    /// The function.
    pub host: LambdaHost,
    binary: PathBuf,
    folder: TempDir,
    hosts: AtomicUsize,
}

impl Scene {
    /// Sets the stage; `variables` come on top of those that make the function work here.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(variables: &[(&str, &str)]) -> Result<Self, Failure> {
        let workspace = Workspace::find()?;
        let binary = binary(&workspace).await?;
        let stack = Stack::start(&workspace, recorded()?.schemas).await?;
        let folder = tempfile::tempdir()?;
        let host = LambdaHost::new(function(&stack, &binary, folder.path().join("log"), variables));
        Ok(Scene { stack, host, binary, folder, hosts: AtomicUsize::new(0) })
    }

    /// Another deployment of the function on the same stage, configured differently.
    pub fn another_host(&self, variables: &[(&str, &str)]) -> LambdaHost {
        let number = self.hosts.fetch_add(1, Ordering::SeqCst);
        let log = self.folder.path().join(format!("log-{number}"));
        LambdaHost::new(function(&self.stack, &self.binary, log, variables))
    }

    /// Invokes the function once with these records.
    pub async fn invoke(&self, records: &[EventRecord]) -> Invocation {
        self.host.invoke(event(Origin::Msk, records)).await
    }

    /// The mails that SES accepted.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn mails(&self) -> Result<Vec<Mail>, Failure> {
        Ok(self.stack.aws.mails().await?)
    }

    /// The dead letters.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<Value>, Failure> {
        Ok(self.stack.dead_letters().await?)
    }

    /// The states of all claims, sorted.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn claims(&self) -> Result<Vec<String>, Failure> {
        let items = self.stack.aws.items(CLAIMS_TABLE).await?;
        let mut states: Vec<_> =
            items.iter().map(|item| item["state"]["S"].as_str().unwrap_or_default().to_owned()).collect();
        states.sort();
        Ok(states)
    }

    /// What the function says became of the records so far.
    pub fn outcomes(&self) -> Outcomes {
        Outcomes::read(&self.host.output(), FUNCTION)
    }
}

/// Built once, however many tests there are.
async fn binary(workspace: &Workspace) -> Result<PathBuf, Failure> {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BINARY.get_or_try_init(|| async {
        let mut executables = build(workspace, &[FUNCTION]).await?;
        executables.pop().ok_or_else(|| Failure::from("cargo built nothing"))
    });
    Ok(built.await?.clone())
}

fn function(stack: &Stack, binary: &Path, log: PathBuf, variables: &[(&str, &str)]) -> Function {
    let mut environment = stack.environment();
    for (name, value) in SHORT_LEASE.iter().chain(variables) {
        environment.retain(|(known, _)| known != name);
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    Function {
        name: FUNCTION.to_owned(),
        binary: binary.to_owned(),
        environment,
        timeout: Duration::from_secs(30),
        log,
    }
}

/// The recording of the accounts.
///
/// # Errors
/// When it is not there.
pub fn recorded() -> Result<Recording, Failure> {
    Ok(Recording::read(&events().join("recorded/postgres-accounts"))?)
}

/// The records of inserted accounts, each a mail, in order.
///
/// # Errors
/// When there is no recording.
pub fn created_accounts() -> Result<Vec<EventRecord>, Failure> {
    let recording = recorded()?;
    let created = recording.records.iter().filter(|record| {
        Change::of(record).is_some_and(|change| change.operation == "c" && change.email().is_some())
            && !record.has_header(OLD_KEY_HEADER)
    });
    Ok(created.map(|record| EventRecord::new(record, Nulls::Written)).collect())
}

/// A sample event as it lies in the repository.
///
/// # Errors
/// When there is none of that name.
pub fn sample(name: &str) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(events().join(format!("samples/{FUNCTION}/{name}.json")))?)
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}
