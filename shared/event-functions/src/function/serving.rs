//! A function's process: arguments, logging, variables, serving, and the exit status.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use aws_config::BehaviorVersion;
use environment::{Env, Problems};

use super::parts::{Parts, StartFailure};
use crate::manifest::{Described, ManifestFile};

/// The exit status for arguments that a function does not know: `EX_USAGE` of BSD's `sysexits.h`.
const USAGE: u8 = 64;

pub(super) fn run(described: Described, parts: &dyn Parts) -> ExitCode {
    let name = described.name;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            crate::telemetry::start_logging();
            serve(name, parts)
        }
        ["--manifest"] => match serde_json::to_string_pretty(&ManifestFile::from(parts.manifest(described))) {
            Ok(manifest) => print(&manifest),
            Err(_) => ExitCode::FAILURE,
        },
        ["--help" | "-h"] => print(&help(name)),
        _ => {
            let _ = writeln!(std::io::stderr(), "{}", help(name));
            ExitCode::from(USAGE)
        }
    }
}

fn help(name: &str) -> String {
    format!(
        "{name}: a function for AWS Lambda. Without arguments it serves invocations, as Lambda and `cargo lambda watch` start it.\n\n  --manifest  print what it declares as JSON: topic, variables, tables, actions of IAM\n  --help      print this"
    )
}

fn print(text: &str) -> ExitCode {
    // A closed pipe is not an error of ours.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn serve(name: &'static str, parts: &dyn Parts) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(started(name, parts, &Env::from_process())),
        Err(error) => Err(StartFailure::Part(error.into())),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartFailure::Variables(problems)) => {
            tracing::error!(error_code = "configuration", "{problems}");
            ExitCode::from(Problems::EXIT_CODE)
        }
        Err(StartFailure::Part(error)) => {
            let error: &(dyn Error + 'static) = &*error;
            tracing::error!(error_code = "start", "{}", event_runtime::error_chain(error).join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn started(name: &'static str, parts: &dyn Parts, env: &Env) -> Result<(), StartFailure> {
    // Before the SDK looks for a region and credentials, which may take seconds where there are none.
    parts.check(env)?;
    let sdk = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let serving = parts.serve(name, env, &sdk)?;
    crate::secrets::fill(env, &sdk).await.map_err(StartFailure::Part)?;
    serving.await.map_err(StartFailure::Part)
}
