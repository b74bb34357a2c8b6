//! The command `demo`: what `make demo`, `make local-aws`, `make watch`, `make manifests`, `make samples` and `make new-function` run.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use demo::{DemoOptions, NewFunction, demo, manifests, new_function, serve_functions, serve_local_aws, write_samples};
use local_stack::{Process, Workspace};
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn std::error::Error>;

/// The functions of this repository on a laptop.
#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 all as expected, 1 something is not as expected, 2 the command could not run, 130 interrupted"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run recorded records through the functions and show the results.
    Run {
        /// A folder with schemas.json and records.jsonl; without one, every flow with the recordings of the repository.
        #[arg(long, env = "RECORDING")]
        recording: Option<PathBuf>,
        /// The topic of the accounts, where the recording does not show it.
        #[arg(long, env = "TOPIC")]
        topic: Option<String>,
    },
    /// Serve DynamoDB, SQS, SES and a schema registry until interrupted; how to reach them is in .local/local.env.
    LocalAws,
    /// Serve the functions until interrupted, and what they need unless local-aws serves it.
    Watch {
        /// The port for invocations.
        #[arg(long, env = "PORT", default_value_t = 9000)]
        port: u16,
    },
    /// Write what each function declares beside it, in function.json.
    Manifests {
        /// Only say which files would change; 1 if any would.
        #[arg(long)]
        check: bool,
    },
    /// Write the sample events of all functions again.
    Samples,
    /// Make a new function from the template for its topic.
    NewFunction {
        /// Its name, such as index-orders.
        #[arg(long)]
        name: String,
        /// The topic that it reads. It has a contract in events/topics; of changes, an insert is recorded in
        /// events/recorded; of domain events, the schema in events/schemas has an example.
        #[arg(long)]
        topic: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let code = tokio::select! {
        outcome = run(arguments.command) => match outcome {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(error) => {
                eprintln!("demo: {}", chain(error.as_ref()));
                2
            }
        },
        signal = interrupted() => {
            eprintln!("demo: {signal}, stopping everything that was started");
            130
        }
    };
    // Everything that ran has been dropped by now, which ends its processes.
    Process::all_ended().await;
    ExitCode::from(code)
}

async fn run(command: Command) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    match command {
        Command::Run { recording, topic } => {
            let topic = topic.filter(|topic| !topic.is_empty());
            let recording = recording.filter(|recording| !recording.as_os_str().is_empty());
            let options = DemoOptions { recording, topic, folder: "demo".to_owned() };
            Ok(demo(&options, &mut out).await?)
        }
        Command::LocalAws => {
            serve_local_aws(&Workspace::find()?, &mut out).await?;
            Ok(true)
        }
        Command::Watch { port } => {
            serve_functions(&Workspace::find()?, port, &mut out).await?;
            Ok(true)
        }
        Command::NewFunction { name, topic } => {
            let NewFunction { files, first, sample } = new_function(&Workspace::find()?, &name, &topic)?;
            writeln!(out, "Made functions/{name}, and changed nothing else:")?;
            for path in files {
                writeln!(out, "  {}", path.display())?;
            }
            writeln!(out, "\nNext, in functions/{name}: {first}; then")?;
            writeln!(out, "  cargo test -p {name}")?;
            writeln!(out, "  make watch, and in another terminal: make invoke FUNCTION={name} EVENT={sample}")?;
            writeln!(out, "Before it goes in, and whenever it declares something else:")?;
            writeln!(out, "  make manifests")?;
            Ok(true)
        }
        Command::Manifests { check } => Ok(manifests(&Workspace::find()?, check, &mut out).await?),
        Command::Samples => {
            let written = write_samples(&Workspace::find()?)?;
            eprintln!("{written} samples in events/samples");
            Ok(true)
        }
    }
}

/// Waits for Ctrl-C, SIGTERM or a closed terminal.
async fn interrupted() -> &'static str {
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut stream) => drop(stream.recv().await),
            // Without a handler the signal ends this process, and the guards end the others.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => "interrupted",
        () = wait(SignalKind::terminate()) => "asked to end",
        () = wait(SignalKind::hangup()) => "the terminal was closed",
    }
}

/// An error and what caused it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
