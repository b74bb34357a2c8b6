//! `schemas`: decodes recorded topics and runs schema resolution cases.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use schema_tools::{Outcome, Recording, differences, read_cases};

/// Decodes recorded Avro records and checks schema resolution.
///
/// Exit codes: 0 all is well; 1 a record or case is not as expected; 2 the input or the command line is unusable.
#[derive(Parser)]
#[command(name = "schemas", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decode a folder of recorded records (schemas.json, records.jsonl), a JSON line {"key","value"} for each
    Decode {
        /// The folder
        folder: PathBuf,
        /// Print no records; compare them with their `expect`, and print what differs and how many agree
        #[arg(long)]
        check: bool,
    },
    /// Run a JSON file of cases [{"name","writer","reader","hex","expect"|"error":true}], pass or fail for each
    Resolve {
        /// The file
        cases: PathBuf,
    },
}

const OK: u8 = 0;
const MISMATCH: u8 = 1;
const BAD_INPUT: u8 = 2;
/// Differences shown before only counting goes on.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let result = match &arguments.command {
        Command::Decode { folder, check: false } => decode(folder, &mut out),
        Command::Decode { folder, check: true } => check(folder, &mut out),
        Command::Resolve { cases } => resolve(cases, &mut out),
    };
    match result.and_then(|code| out.flush().map(|()| code).map_err(Failure::from)) {
        Ok(code) => ExitCode::from(code),
        // The reader of a pipe went away: `schemas decode … | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(OK),
        Err(failure) => {
            eprintln!("schemas: {failure}");
            ExitCode::from(BAD_INPUT)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Recording(#[from] schema_tools::RecordingError),
    #[error(transparent)]
    Cases(#[from] schema_tools::CasesError),
    #[error("line {line} has no `expect`")]
    NoExpectation { line: usize },
    #[error("there are no records")]
    NoRecords,
    #[error("line {line}: {source}")]
    Line { line: usize, source: schema_tools::RecordingError },
}

fn decode(folder: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let mut code = OK;
    for record in Recording::open(folder)?.records() {
        match record.rendered {
            Ok(rendered) => writeln!(out, "{rendered}")?,
            Err(source) if source.is_bad_input() => return Err(Failure::Line { line: record.line, source }),
            Err(error) => {
                eprintln!("schemas: line {}: {error}", record.line);
                code = MISMATCH;
            }
        }
    }
    Ok(code)
}

fn check(folder: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let (mut records, mut agree, mut shown) = (0, 0, 0);
    for record in Recording::open(folder)?.records() {
        records += 1;
        let line = record.line;
        let found = match (record.rendered, record.expected) {
            (Err(source), _) if source.is_bad_input() => return Err(Failure::Line { line, source }),
            (_, None) => return Err(Failure::NoExpectation { line }),
            (Err(error), _) => vec![error.to_string()],
            (Ok(actual), Some(expected)) => differences(&actual, &expected, 3),
        };
        if found.is_empty() {
            agree += 1;
        }
        for difference in found {
            if shown < SHOWN {
                writeln!(out, "line {line}: {difference}")?;
            } else if shown == SHOWN {
                writeln!(out, "… and more")?;
            }
            shown += 1;
        }
    }
    if records == 0 {
        return Err(Failure::NoRecords);
    }
    writeln!(out, "{agree} of {records} records agree")?;
    Ok(if agree == records { OK } else { MISMATCH })
}

fn resolve(path: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    let cases = read_cases(&text)?;
    let mut passed = 0;
    for case in &cases {
        match case.run() {
            Outcome::Pass(error) if error.is_empty() => {
                passed += 1;
                writeln!(out, "pass  {}", case.name)?;
            }
            Outcome::Pass(error) => {
                passed += 1;
                writeln!(out, "pass  {} ({error})", case.name)?;
            }
            Outcome::Fail(problem) => writeln!(out, "FAIL  {}: {problem}", case.name)?,
        }
    }
    writeln!(out, "{passed} of {} cases pass", cases.len())?;
    Ok(if passed == cases.len() { OK } else { MISMATCH })
}
