//! Functions check that they can read their schemas, and schemas name functions that exist.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::fs;

use architecture::{Wing, crates, root, sources};
use serde_json::Value;

/// What a function without a topic is made with.
const READS_NO_TOPIC: &str = ".task()";

/// Both begin by reading every version of the schemas.
const CHECKS: [&str; 2] = [".test(&", "check_schemas("];

#[test]
fn every_function_on_a_topic_checks_its_schemas() {
    let mut checked = 0;
    for function in crates().into_iter().filter(|found| found.wing == Wing::Function) {
        let folders =
            ["src", "tests"].map(|folder| function.folder.join(folder)).into_iter().filter(|folder| folder.is_dir());
        let files: Vec<_> = folders.flat_map(|folder| sources(&folder)).collect();
        let code: String = files.iter().map(|file| fs::read_to_string(file).expect("a readable file")).collect();
        if !code.contains(READS_NO_TOPIC) {
            let checks = CHECKS.iter().any(|check| code.contains(check));
            assert!(checks, "{} reads a topic: test it with `function().test(&[…])`", function.name);
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[test]
fn consumers_are_functions_that_exist() {
    let mut consumers = 0;
    for subject in fs::read_dir(root().join("events/schemas")).expect("a readable folder").flatten() {
        let Ok(text) = fs::read_to_string(subject.path().join("subject.json")) else { continue };
        let contract: Value = serde_json::from_str(&text).expect("JSON");
        for consumer in contract["consumers"].as_array().expect("consumers") {
            let name = consumer.as_str().expect("a function");
            let exists = ["functions", "shared/tools"].iter().any(|folder| root().join(folder).join(name).is_dir());
            assert!(exists, "{}/subject.json: there is no function {name}", subject.path().display());
            consumers += 1;
        }
    }
    assert!(consumers > 0);
}
