//! A function's process: what it prints without variables, and the statuses that it exits with.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// The example as it is now: cargo builds it together with all tests of the package, but not with these alone.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // Of the whole workspace, so that dependencies have the features that they have in tests.
        let arguments = ["build", "--quiet", "--offline", "--workspace", "--example", "index_tickets"];
        assert!(Command::new(env!("CARGO")).args(arguments).status().unwrap().success());
        let tests = std::env::current_exe().unwrap();
        tests.parent().unwrap().parent().unwrap().join("examples/index_tickets")
    })
}

fn run(arguments: &[&str]) -> Output {
    Command::new(example()).args(arguments).env_clear().output().unwrap()
}

#[test]
fn the_manifest_needs_no_variables() {
    let ran = run(&["--manifest"]);
    assert!(ran.status.success(), "{ran:?}");
    let manifest: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(manifest["function"], "index-tickets");
    assert_eq!(manifest["trigger"]["topic"], "cdc.mysql.desk.tickets");
    assert_eq!(manifest["tables"][0]["variable"], "TICKETS_TABLE");
    let variables: Vec<_> =
        manifest["variables"].as_array().unwrap().iter().map(|variable| &variable["name"]).collect();
    for variable in ["TICKETS_TABLE", "VERSION_EPOCH", "DEAD_LETTER_QUEUE_URL", "SCHEMA_REGISTRY_URL"] {
        assert!(variables.contains(&&Value::from(variable)), "{variable}: {variables:?}");
    }
}

#[test]
fn missing_variables_end_the_process_with_status_78() {
    let ran = run(&[]);
    assert_eq!(ran.status.code(), Some(78), "{ran:?}");
    let logged = [ran.stdout, ran.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    for variable in ["TICKETS_TABLE", "DEAD_LETTER_QUEUE_URL", "SCHEMA_REGISTRY_URL"] {
        assert!(logged.contains(variable), "{variable}: {logged}");
    }
}

#[test]
fn arguments_are_explained_and_unknown_ones_refused() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("--manifest  print what it declares"));
    let ran = run(&["--version"]);
    assert_eq!(ran.status.code(), Some(64));
    assert!(String::from_utf8(ran.stderr).unwrap().contains("--help"));
}
