//! The command `sweep-rows`: removes rows of an older epoch from a table of newest versions.
//!
//! The report goes to standard output and the progress to standard error; the exit code says how the sweep ended.

mod options;
mod position;
mod sweep;

use std::io::{self, Write};
use std::process::ExitCode;

use aws_config::BehaviorVersion;
use clap::Parser;

use crate::options::Options;
use crate::position::PositionError;
use crate::sweep::{Ending, Report, Stop, Sweep, SweepError};

/// The table cannot be read or written.
const UNAVAILABLE: u8 = 5;
/// The options are wrong; clap exits with the same code.
const USAGE: u8 = 2;
const INTERRUPTED: i32 = 130;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Sweep(#[from] SweepError),
    #[error("the report cannot be written")]
    Output(#[from] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).without_time().with_target(false).init();
    match run(&Options::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(failed) => {
            // A closed standard error changes nothing.
            let _ = writeln!(io::stderr(), "sweep-rows: {}", event_runtime::error_chain(&failed).join(": "));
            ExitCode::from(match failed {
                Failed::Sweep(SweepError::Position(PositionError::Another { .. })) => USAGE,
                Failed::Sweep(
                    SweepError::Read { .. } | SweepError::Remove(_) | SweepError::Position(PositionError::File { .. }),
                )
                | Failed::Output(_) => UNAVAILABLE,
            })
        }
    }
}

async fn run(options: &Options) -> Result<u8, Failed> {
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let stop = Stop::default();
    tokio::spawn(end_on_ctrl_c(stop.clone()));
    let report = Sweep::new(options, aws_sdk_dynamodb::Client::new(&aws), stop).run().await?;
    let _ = writeln!(io::stderr());
    let mut out = io::stdout().lock();
    match options.json {
        true => {
            serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        false => write_report(&mut out, &report, options)?,
    }
    Ok(report.exit_code())
}

fn write_report(out: &mut impl Write, report: &Report, options: &Options) -> io::Result<()> {
    let Report { dry_run, seen, current, older, tombstones, overtaken, left_alone, ending } = report;
    let epoch = options.before_epoch;
    writeln!(out, "rows seen: {seen}")?;
    writeln!(out, "of epoch {epoch} or a higher one: {current}")?;
    writeln!(out, "of an older one, tombstones: {tombstones}")?;
    let done = if *dry_run { "to be removed" } else { "removed" };
    writeln!(out, "of an older one, {done}: {older}")?;
    writeln!(out, "of an older one, written or gone meanwhile: {overtaken}")?;
    for (code, count) in left_alone {
        writeln!(out, "left alone, {code}: {count}")?;
    }
    match ending {
        Ending::Whole if *dry_run => writeln!(out, "a dry run; add --yes to remove them"),
        Ending::Whole => Ok(()),
        Ending::NoneOfTheEpoch => writeln!(
            out,
            "no row has epoch {epoch}: raise the function's epoch to it and take a new snapshot first (--even-if-none if the \
             source is empty)"
        ),
        Ending::AtMost => writeln!(out, "stopped after {older} rows; there are more (--at-most)"),
        Ending::Interrupted => writeln!(out, "interrupted; start again to go on"),
    }
}

/// The first Ctrl-C ends the sweep after its current row, the second one at once.
async fn end_on_ctrl_c(stop: Stop) {
    if tokio::signal::ctrl_c().await.is_ok() {
        let _ = writeln!(io::stderr(), "finishing the current row; press again to end at once");
        stop.request();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    }
}
