//! The environment of one test: a function's own binary, the services that it calls, and sample records.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use demo::{CLAIMS_TABLE, Change, OLD_KEY_HEADER};
use local_stack::{
    EventRecord, Failpoint, Function, Invocation, LambdaHost, Mail, Nulls, Origin, Outcomes, Stack, Target, Workspace,
    build, event, repository_schemas,
};
use recordings::Recording;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;

type Failure = Box<dyn Error + Send + Sync>;

/// How long an invocation may take, unless a test sets another timeout.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A claim's lease is the sum of these two: short, so that a test can wait for its end.
const SHORT_LEASE: [(&str, &str); 2] = [("EFFECT_TIMEOUT_MS", "1500"), ("CLAIM_SKEW_MS", "1000")];

/// The function and the services around it, for one test. Dropping this value ends them all.
pub struct Scene {
    /// The services around the function.
    pub stack: Stack,
    /// The function.
    pub host: LambdaHost,
    function: String,
    folder: TempDir,
    hosts: AtomicUsize,
}

impl Scene {
    /// Starts everything for `function`; `variables` override the usual environment variables.
    ///
    /// # Errors
    /// When a service does not start.
    pub async fn start(function: &str, variables: &[(&str, &str)]) -> Result<Self, Failure> {
        let workspace = Workspace::find()?;
        let stack = Stack::start(&workspace, repository_schemas(&workspace)?).await?;
        Scene::on(stack, function, variables).await
    }

    /// The same with services that the test has set up itself.
    ///
    /// # Errors
    /// When the function cannot be built.
    pub async fn on(stack: Stack, function: &str, variables: &[(&str, &str)]) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let host = LambdaHost::new(deployment(&stack, function, folder.path().join("log"), variables).await?);
        Ok(Scene { stack, host, function: function.to_owned(), folder, hosts: AtomicUsize::new(0) })
    }

    /// Another deployment of the function with the same services and other variables.
    ///
    /// # Errors
    /// When the function cannot be built.
    pub async fn another_host(&self, variables: &[(&str, &str)]) -> Result<LambdaHost, Failure> {
        self.host_of(&self.function, variables).await
    }

    /// Another function with the same services.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn host_of(&self, function: &str, variables: &[(&str, &str)]) -> Result<LambdaHost, Failure> {
        self.host_within(TIMEOUT, function, variables).await
    }

    /// Another function with the same services, or this one, with another timeout.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn host_within(
        &self,
        timeout: Duration,
        function: &str,
        variables: &[(&str, &str)],
    ) -> Result<LambdaHost, Failure> {
        let number = self.hosts.fetch_add(1, Ordering::SeqCst);
        let log = self.folder.path().join(format!("log-{number}"));
        let function = deployment(&self.stack, function, log, variables).await?;
        Ok(LambdaHost::new(Function { timeout, ..function }))
    }

    /// The function's name.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// Invokes the function once with these records.
    pub async fn invoke(&self, records: &[EventRecord]) -> Invocation {
        self.host.invoke(event(Origin::Msk, records)).await
    }

    /// Invokes the function once with these records, and kills it when a request reaches the failpoint.
    ///
    /// # Errors
    /// When no request reaches it, or the function answered nevertheless.
    pub async fn kill_at(self: &Arc<Self>, failpoint: Failpoint, records: Vec<EventRecord>) -> Result<(), Failure> {
        let armed = self.stack.faults.arm(failpoint.times(1));
        let invoking = Arc::clone(self);
        let invocation = tokio::spawn(async move { invoking.invoke(&records).await });
        armed.reached().await?;
        self.host.kill().await;
        match invocation.await? {
            Invocation::Crashed(_) => Ok(()),
            other => Err(format!("the function was killed, but ended with {other:?}").into()),
        }
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

    /// The outcomes that the function has reported so far.
    pub fn outcomes(&self) -> Outcomes {
        Outcomes::read(&self.host.output(), &self.function)
    }
}

/// Builds each function once for all tests.
async fn binary(function: &str) -> Result<PathBuf, Failure> {
    static BINARIES: Mutex<BTreeMap<String, PathBuf>> = Mutex::const_new(BTreeMap::new());
    // Locked while cargo runs, which builds one package at a time anyway.
    let mut binaries = BINARIES.lock().await;
    if let Some(binary) = binaries.get(function) {
        return Ok(binary.clone());
    }
    let built = build(&Workspace::find()?, &[function]).await?.pop();
    let binary = built.ok_or_else(|| Failure::from("cargo built nothing"))?;
    binaries.insert(function.to_owned(), binary.clone());
    Ok(binary)
}

async fn deployment(
    stack: &Stack,
    function: &str,
    log: PathBuf,
    variables: &[(&str, &str)],
) -> Result<Function, Failure> {
    let mut environment = stack.environment();
    for (name, value) in SHORT_LEASE.iter().chain(variables) {
        environment.retain(|(known, _)| known != name);
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let (name, binary) = (function.to_owned(), binary(function).await?);
    Ok(Function { name, binary, environment, timeout: TIMEOUT, log })
}

/// The recording of the accounts.
///
/// # Errors
/// When it cannot be read.
pub fn recorded() -> Result<Recording, Failure> {
    Ok(Recording::read(&events().join("recorded/postgres-accounts"))?)
}

/// The records of inserted accounts, each a mail, in order.
///
/// # Errors
/// When the recording cannot be read.
pub fn created_accounts() -> Result<Vec<EventRecord>, Failure> {
    let recording = recorded()?;
    let created = recording.records.iter().filter(|record| {
        Change::of(record).is_some_and(|change| change.operation == "c" && change.email().is_some())
            && !record.has_header(OLD_KEY_HEADER)
    });
    Ok(created.map(|record| EventRecord::new(record, Nulls::Written)).collect())
}

/// A sample event of a function, from `events/samples`.
///
/// # Errors
/// When there is no sample of that name.
pub fn sample(function: &str, name: &str) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(events().join(format!("samples/{function}/{name}.json")))?)
}

/// The folder of recordings, samples and schemas.
pub fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}
