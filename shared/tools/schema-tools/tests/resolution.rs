//! The specification's schema resolution, case by case.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use schema_tools::{Outcome, read_cases};

#[test]
fn every_case_of_the_specification_resolves_as_it_says() {
    run(include_str!("resolution/cases.json"), 150);
}

/// Cases of `tests/resolution/vectors.py`.
#[test]
fn random_schemas_and_data_resolve_as_in_fastavro() {
    run(include_str!("resolution/fastavro.json"), 600);
}

fn run(cases: &str, least: usize) {
    let cases = read_cases(cases).unwrap();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| match case.run() {
            Outcome::Pass(_) => None,
            Outcome::Fail(problem) => Some(format!("{}: {problem}", case.name)),
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} cases fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
