//! Functions check that they can read their schemas.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::fs;

use architecture::{Wing, crates, sources};

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
