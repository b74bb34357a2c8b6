//! `schemas`: checks and documents the contracts of topics, registers their schemas; decodes recordings; runs resolution cases.

mod commands;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::{Failure, OK, contracts, recordings, registry};

const REGISTRY_CODES: &str = "\
Exit codes:
   0  the registry has what the contracts say
   1  there are changes to make, all compatible
   3  a change is refused, at the contract's level or by the registry; or the registry has what no file has
   2  the command line is unusable
  65  the contracts cannot be read, or do not hold (`schemas check`)
  69  the registry cannot be reached, is failing, or refuses access
  78  the registry's address or credentials are missing or wrong";

/// Topics and their schemas: checks and documents them, registers the schemas, decodes recorded records, runs cases of
/// schema resolution.
///
/// Exit codes: 0 everything holds; 1 something does not hold or differs, and is printed; 2 the input or the command line is
/// unusable. `diff` and `register` have more (`schemas diff --help`).
#[derive(Parser)]
#[command(name = "schemas", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the contracts of topics, every version against its history, documentation and examples
    Check(Folder),
    /// Write the catalogue of topics and the AsyncAPI document, from contracts, schemas and what functions declare
    Docs {
        #[command(flatten)]
        folder: Folder,
        /// Write nothing; fail if one of them is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Compare a registry with the contracts: what a deployment would change, and whether it is compatible; changes nothing
    #[command(after_help = REGISTRY_CODES)]
    Diff {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        registry: Registry,
        /// Print the answer as one line of JSON, also where the registry gives none
        #[arg(long)]
        json: bool,
    },
    /// Register missing versions and compatibility levels, if `check` holds; a dry run without --yes
    #[command(after_help = REGISTRY_CODES)]
    Register {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        registry: Registry,
        /// Change the registry
        #[arg(long)]
        yes: bool,
    },
    /// Decode a folder of recorded records (schemas.json, records.jsonl), a JSON line {"key","value"} for each
    Decode {
        /// The folder
        folder: PathBuf,
        /// Print no records; compare them with their `expect`, and print what differs and how many agree
        #[arg(long)]
        check: bool,
    },
    /// Run a JSON file of resolution cases [{"name","writer","reader","hex","expect"|"error":true}], pass or fail for each
    Resolve {
        /// The file
        cases: PathBuf,
    },
}

#[derive(Args)]
struct Folder {
    /// The folder of subjects, each with subject.json and v1.avsc, v2.avsc and so on; `topics` beside it has the contracts
    #[arg(long, value_name = "FOLDER", default_value = "events/schemas")]
    schemas: PathBuf,
}

#[derive(Args)]
struct Registry {
    /// The registry, in place of SCHEMA_REGISTRY_URL
    ///
    /// Everything else comes from the environment, as for functions: SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD,
    /// or SCHEMA_REGISTRY_TOKEN, or SCHEMA_REGISTRY_OAUTH_URL with the other SCHEMA_REGISTRY_OAUTH variables; SCHEMA_REGISTRY_CA_FILE,
    /// SCHEMA_REGISTRY_CERTIFICATE_FILE, SCHEMA_REGISTRY_KEY_FILE; SCHEMA_REGISTRY_TIMEOUT_MS.
    #[arg(id = "registry", long = "registry", value_name = "URL")]
    url: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let result = match &arguments.command {
        Command::Check(folder) => contracts::check(&folder.schemas, &mut out),
        Command::Docs { folder, check } => contracts::docs(&folder.schemas, *check, &mut out),
        Command::Diff { folder, registry: Registry { url }, json } => {
            registry::diff(&folder.schemas, url.as_deref(), *json, &mut out)
        }
        Command::Register { folder, registry: Registry { url }, yes } => {
            registry::register(&folder.schemas, url.as_deref(), *yes, &mut out)
        }
        Command::Decode { folder, check: false } => recordings::decode(folder, &mut out),
        Command::Decode { folder, check: true } => recordings::check(folder, &mut out),
        Command::Resolve { cases } => recordings::resolve(cases, &mut out),
    };
    // Also behind a failure: it may have been told as JSON.
    let flushed = out.flush().map_err(Failure::from);
    match result.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        // The reader of a pipe went away: `schemas decode … | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(OK),
        Err(failure) => {
            eprintln!("schemas: {failure}");
            ExitCode::from(failure.code())
        }
    }
}
