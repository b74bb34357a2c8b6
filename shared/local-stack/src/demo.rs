//! The demonstration: a recording through the real function, twice, then a batch that breaks what can be broken.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::accounts::{NoAccounts, account_topic, heartbeat_topics};
use crate::aws::{AwsError, Mail};
use crate::bad_batch::{BadBatchError, BadRecord, REFUSED_RECIPIENT, bad_batch};
use crate::event::Nulls;
use crate::expectation::Expectation;
use crate::faults::{Action, Answer, Failpoint, When};
use crate::functions::{FunctionsError, WatchedFunctions, build};
use crate::mapping::{Delivery, MappingSettings, deliver};
use crate::metrics::Outcomes;
use crate::recording::{Recording, RecordingError};
use crate::report::{Report, Stage};
use crate::source::RecordedLog;
use crate::stack::{Stack, StackError};
use crate::target::Watched;
use crate::tools::{SetupError, Workspace};

const FUNCTION: &str = "send-welcome-email";

/// What to demonstrate with.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// A folder with `schemas.json` and `records.jsonl`.
    pub recording: PathBuf,
    /// The topic of the accounts, where it cannot be guessed.
    pub topic: Option<String>,
    /// The folder below `.local` that receives the mails; whatever is in it goes.
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
    /// The function was not built or served.
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

/// Everything that a demonstration found out.
pub(crate) struct Findings {
    pub(crate) expected: Expectation,
    pub(crate) first: Pass,
    pub(crate) second: Pass,
    pub(crate) bad: Pass,
    pub(crate) bad_batch: Vec<BadRecord>,
    pub(crate) stages: Vec<Stage>,
    /// Where the HTML of the mails is.
    pub(crate) folder: PathBuf,
    /// The function's output.
    pub(crate) log: PathBuf,
}

/// What came of one pass.
pub(crate) struct Pass {
    pub(crate) delivery: Delivery,
    pub(crate) outcomes: Outcomes,
    pub(crate) mails: Vec<Mail>,
    pub(crate) dead_letters: Vec<serde_json::Value>,
}

/// Gives the demonstration and prints what came of it. True when all of it is what the recording implies.
///
/// # Errors
/// When it cannot be given at all.
pub async fn demo(options: &DemoOptions, out: &mut (impl Write + Send)) -> Result<bool, DemoError> {
    let workspace = Workspace::find()?;
    let recording = Recording::read(&options.recording)?;
    let accounts = account_topic(&recording, options.topic.as_deref())?;
    let mut topics = vec![accounts];
    topics.extend(heartbeat_topics(&recording));
    let records = recording.records.iter().filter(|record| topics.contains(&record.topic.as_str()));
    let expected = Expectation::of(records);
    let bad = bad_batch(&recording, accounts)?;
    writeln!(out, "Recording {}: accounts in {accounts}", options.recording.display())?;

    let mut stages = Stages::default();
    stages.begin(out, "build", "building local functions (cargo's own progress follows if there is anything to do)")?;
    build(&workspace, &[FUNCTION]).await?;
    stages.begin(out, "start", "starting DynamoDB, SQS and SES (ministack), a schema registry, cargo lambda watch")?;
    let folder = fresh_folder(&workspace, &options.folder)?;
    let stack = Stack::start(&workspace, recording.schemas.clone()).await?;
    let env_file = folder.join("demo.env");
    stack.write_env_file(&env_file)?;
    let functions = WatchedFunctions::start(&workspace, &env_file).await?;
    let mut passes = Passes { stack: &stack, functions: &functions, before: Marks::default() };

    let logs = || topics.iter().map(|topic| RecordedLog::of_topic(&recording, topic, Nulls::Written)).collect();
    stages.begin(out, "first pass", "first pass: every record of these topics, as Lambda would deliver them")?;
    let first = passes.run(logs(), out).await?;
    stages.begin(out, "second pass", "second pass: the same records again; nobody may get a second mail")?;
    let second = passes.run(logs(), out).await?;
    stages.begin(out, "bad batch", "a batch that breaks what can be broken")?;
    let refusal = Action::Answer(Answer::MESSAGE_REJECTED);
    stack.faults.arm(Failpoint::new("refused", "SendEmail", When::Before, refusal).containing(REFUSED_RECIPIENT));
    let bad_log = RecordedLog::of(bad.iter().map(|bad| bad.record.clone()));
    let after = passes.run(vec![bad_log], out).await?;
    stages.begin(out, "clean up", "ending what was started")?;
    save_mails(&folder, first.mails.iter().chain(&second.mails).chain(&after.mails))?;
    let log = functions.log().to_path_buf();
    functions.stop().await?;
    stack.aws.stop().await?;

    let stages = stages.end();
    let findings = Findings { expected, first, second, bad: after, bad_batch: bad, stages, folder, log };
    let report = Report::of(&findings);
    report.print(out)?;
    Ok(report.all_as_expected())
}

/// Empties a folder below `.local` and makes it again.
fn fresh_folder(workspace: &Workspace, name: &str) -> Result<PathBuf, DemoError> {
    let folder = workspace.local(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(workspace.folder(name)?)
}

/// Times the stages and announces them.
#[derive(Default)]
struct Stages {
    done: Vec<Stage>,
    running: Option<(&'static str, Instant)>,
}

impl Stages {
    fn begin(&mut self, out: &mut impl Write, name: &'static str, announcement: &str) -> io::Result<()> {
        self.finish();
        self.running = Some((name, Instant::now()));
        writeln!(out, "- {announcement}")?;
        out.flush()
    }

    fn finish(&mut self) {
        if let Some((name, started)) = self.running.take() {
            self.done.push(Stage { name, took: started.elapsed() });
        }
    }

    fn end(mut self) -> Vec<Stage> {
        self.finish();
        self.done
    }
}

/// Runs passes and tells each one's traces from those of the ones before.
struct Passes<'a> {
    stack: &'a Stack,
    functions: &'a WatchedFunctions,
    before: Marks,
}

#[derive(Default)]
struct Marks {
    outcomes: Outcomes,
    mails: usize,
    dead_letters: usize,
}

impl Passes<'_> {
    async fn run(&mut self, logs: Vec<RecordedLog>, out: &mut (impl Write + Send)) -> Result<Pass, DemoError> {
        let target = Watched::new(self.functions.url(), FUNCTION)?;
        let settings = MappingSettings::default();
        let mut sum = Delivery::default();
        let total: usize = logs.iter().map(RecordedLog::len).sum();
        let mut told = 0;
        for mut log in logs {
            let before = sum.records;
            let delivery = deliver(&mut log, &target, &settings, |records| {
                let tenth = (before + records) * 10 / total.max(1);
                if tenth > told {
                    told = tenth;
                    // Progress that cannot be shown must not end the demonstration.
                    let _ = writeln!(out, "    {} of {total} records", before + records).and_then(|()| out.flush());
                }
            });
            sum.add(delivery.await);
        }
        let output = std::fs::read(self.functions.log())?;
        let outcomes = Outcomes::read(&String::from_utf8_lossy(&output), FUNCTION);
        let mut mails = self.stack.aws.mails().await?;
        let mut dead_letters = self.stack.dead_letters().await?;
        let marks = Marks { outcomes: outcomes.clone(), mails: mails.len(), dead_letters: dead_letters.len() };
        let before = std::mem::replace(&mut self.before, marks);
        let outcomes = outcomes.since(&before.outcomes);
        mails.drain(..before.mails.min(mails.len()));
        dead_letters.drain(..before.dead_letters.min(dead_letters.len()));
        Ok(Pass { delivery: sum, outcomes, mails, dead_letters })
    }
}

/// One HTML file a mail, named by number and recipient.
fn save_mails<'a>(folder: &Path, mails: impl Iterator<Item = &'a Mail>) -> io::Result<()> {
    let folder = folder.join("mails");
    std::fs::create_dir_all(&folder)?;
    for (number, mail) in mails.enumerate() {
        let recipient = mail.to.first().map_or("nobody", String::as_str);
        let safe: String =
            recipient.chars().map(|c| if c.is_alphanumeric() || "@.-_+".contains(c) { c } else { '_' }).collect();
        let content = mail.body_html.as_deref().unwrap_or(&mail.body_text);
        std::fs::write(folder.join(format!("{:04}-{safe}.html", number + 1)), content)?;
    }
    Ok(())
}
