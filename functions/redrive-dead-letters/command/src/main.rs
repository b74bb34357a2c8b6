//! The command `redrive`: list, show, replay and resolve dead letters from a terminal. A thin layer over `redrive-core`.
//!
//! It writes the report to standard output and the progress to standard error; the exit code says how the run ended.

mod options;
mod output;

use std::io::Write;
use std::process::ExitCode;

use aws_config::BehaviorVersion;
use clap::Parser;
use redrive_core::{RedriveError, Request, Stop};

use crate::options::{Options, OptionsError};
use crate::output::Terminal;

/// Exit code when the queue or bucket cannot be reached.
const UNAVAILABLE: u8 = 5;
/// Exit code for bad options, as clap has it.
const USAGE: u8 = 2;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Redrive(#[from] RedriveError),
    #[error("the report cannot be written to standard output")]
    Output(#[from] std::io::Error),
}

impl Failed {
    fn exit_code(&self) -> u8 {
        match self {
            Failed::Options(_) | Failed::Redrive(RedriveError::Request(_) | RedriveError::Ambiguous { .. }) => USAGE,
            Failed::Redrive(RedriveError::Unknown(_)) => 1,
            Failed::Redrive(RedriveError::Queue(_) | RedriveError::Objects(_)) | Failed::Output(_) => UNAVAILABLE,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().with_target(false).init();
    match run(Options::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(failed) => {
            // When standard error is closed there is nowhere to report to.
            let _ = writeln!(std::io::stderr(), "redrive: {}", event_runtime::error_chain(&failed).join(": "));
            ExitCode::from(failed.exit_code())
        }
    }
}

async fn run(options: Options) -> Result<u8, Failed> {
    let (names, invoke_timeout, json) = (options.names(), options.invoke_timeout(), options.json);
    let request: Request = options.into_request()?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let stop = Stop::default();
    tokio::spawn(end_on_ctrl_c(stop.clone()));
    let terminal = Terminal::new(std::io::stdout(), json);
    let report = names.redrive(&aws, invoke_timeout).stopped_by(stop).run(&request, &terminal).await?;
    let code = report.status.exit_code();
    terminal.finish(report, &request)?;
    Ok(code)
}

/// The first Ctrl-C ends the run cleanly, the second one at once; hidden messages then reappear by themselves.
async fn end_on_ctrl_c(stop: Stop) {
    if tokio::signal::ctrl_c().await.is_ok() {
        let _ = writeln!(std::io::stderr(), "finishing the letter in progress; press Ctrl-C again to end at once");
        stop.request();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}
