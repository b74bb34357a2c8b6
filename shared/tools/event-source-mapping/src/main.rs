//! The command `event-source-mapping`: runs the mappings of a file, or one mapping from flags.
#![allow(clippy::print_stdout, reason = "what this command prints is its result")]

mod connections;
mod mappings;
mod metrics;
mod options;
mod shown;
mod work;

use std::process::ExitCode;

use clap::Parser;

use options::{Command, Options};
use work::Failure;

/// Settings that cannot be used (EX_CONFIG of sysexits.h).
const UNUSABLE: u8 = 78;
/// A cluster, a function or a port that cannot be had (EX_UNAVAILABLE).
const UNAVAILABLE: u8 = 69;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let mappings = match options.command.source().mappings() {
        Ok(mappings) => mappings,
        Err(error) => {
            eprintln!("event-source-mapping: {error}");
            return ExitCode::from(UNUSABLE);
        }
    };
    match options.command {
        Command::Check(_) => {
            for mapping in &mappings {
                println!("{}", shown::settings(mapping));
            }
            ExitCode::SUCCESS
        }
        Command::Run(run) => match work::run(&run, mappings).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                let (error, code) = match failure {
                    Failure::Unusable(error) => (error, UNUSABLE),
                    Failure::Unavailable(error) => (error, UNAVAILABLE),
                };
                eprintln!("event-source-mapping: {error}");
                ExitCode::from(code)
            }
        },
    }
}
