//! Each test binary is in a suite, and each invariant is guarded in the first.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package, Target};

const SUITES: [&str; 3] = ["test", "all", "long"];

fn workspace() -> Metadata {
    MetadataCommand::new().no_deps().exec().expect("cargo metadata runs")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path.as_ref()).expect("a readable file")
}

/// The cells of each row of a page's tables.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
}

/// Suite and row of each binary that the page lists.
fn listed(page: &str) -> BTreeMap<(String, String), String> {
    let binaries = page.split("\n## ").find(|section| section.starts_with("The binaries")).expect("the section");
    let mut found = BTreeMap::new();
    for row in rows(binaries).skip(1) {
        let [package, target, suite, ..] = row.as_slice() else { continue };
        assert!(SUITES.contains(suite), "`{target}` of {package} is in suite {suite}, which there is not");
        let name = ((*package).to_owned(), (*target).to_owned());
        assert!(found.insert(name, (*suite).to_owned()).is_none(), "`{target}` of {package} is listed twice");
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn holds_tests(text: &str) -> bool {
    ["#[test]", "#[tokio::test", "proptest! {"].iter().any(|sign| text.contains(sign))
}

/// What cargo would run of a package: its integration tests, and its library and commands where they hold tests.
fn binaries(package: &Package) -> BTreeSet<String> {
    let is = |target: &Target, kind: &str| target.kind.iter().any(|found| found.to_string() == kind);
    let has_library = package.targets.iter().any(|target| is(target, "lib") || is(target, "proc-macro"));
    let mut found = BTreeSet::new();
    for target in package.targets.iter().filter(|target| target.test) {
        let source = target.src_path.as_std_path();
        if is(target, "test") {
            found.insert(target.name.clone());
        } else if is(target, "bin") && has_library {
            assert!(!holds_tests(&read(source)), "{}: a main that only wires has nothing to test", source.display());
        } else if sources(source.parent().expect("a folder")).iter().any(|path| holds_tests(&read(path))) {
            found.insert(if is(target, "bin") { format!("bin {}", target.name) } else { "lib".to_owned() });
        }
    }
    found
}

#[test]
fn every_test_binary_is_in_a_suite() {
    let workspace = workspace();
    let page = read(workspace.workspace_root.join("tests/README.md"));
    let mut listed = listed(&page);
    let functions = workspace.workspace_root.join("functions");
    assert_eq!(listed.remove(&("workspace".to_owned(), "doc".to_owned())).as_deref(), Some("test"));
    let of_function = |package: &Package| package.manifest_path.ancestors().nth(2) == Some(&functions);
    for package in &workspace.packages {
        // A new function changes no file outside of its folder, so what it tests itself is in suite `test` without a row.
        for target in binaries(package).into_iter().filter(|_| !of_function(package)) {
            let suite = listed.remove(&(package.name.to_string(), target.clone()));
            assert!(suite.is_some(), "tests/README.md lists no suite for `{target}` of {}", package.name);
        }
    }
    assert!(listed.is_empty(), "tests/README.md lists what cargo does not run: {:?}", listed.keys());
}

#[test]
fn binaries_of_one_name_are_in_one_suite() {
    let page = read(workspace().workspace_root.join("tests/README.md"));
    let mut suites: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((_, target), suite) in listed(&page) {
        suites.entry(target).or_default().insert(suite);
    }
    // `cargo test --test NAME` builds all of that name.
    suites.retain(|target, suites| target != "lib" && suites.len() > 1);
    assert!(suites.is_empty(), "{suites:?}");
}

#[test]
fn no_test_is_switched_off() {
    let root = workspace().workspace_root;
    for folder in ["functions", "shared", "tests"] {
        for path in sources(root.join(folder).as_std_path()) {
            let code = read(&path);
            // In two parts, for this file is among them.
            for sign in [concat!("#[ig", "nore"), concat!("#![cfg(fea", "ture")] {
                assert!(!code.contains(sign), "{} has {sign}", path.display());
            }
        }
    }
}

#[test]
fn every_invariant_is_guarded_in_the_first_suite() {
    let workspace = workspace();
    let page = read(workspace.workspace_root.join("tests/README.md"));
    let architecture = read(workspace.workspace_root.join("ARCHITECTURE.md"));
    let invariants = architecture.split("\n## ").find(|section| section.starts_with("Invariants")).expect("a section");
    let numbers: BTreeSet<_> =
        invariants.lines().filter_map(|line| line.split_once(". **").map(|(number, _)| number)).collect();
    let guards = page.split("\n## ").find(|section| section.starts_with("Which test guards")).expect("the section");
    let suites = listed(&page);
    let mut guarded = BTreeSet::new();
    for row in rows(guards).skip(1) {
        let [number, binary, test] = row.as_slice() else { continue };
        let (package, target) = binary.split_once(' ').expect("`package binary`");
        let suite = suites.get(&(package.to_owned(), target.to_owned())).map(String::as_str);
        assert_eq!(suite, Some("test"), "{binary} is not in the first suite");
        let package = workspace.packages.iter().find(|found| *found.name == package).expect("a package");
        let folder = package.manifest_path.parent().expect("a folder");
        let name = format!("fn {test}(");
        let there = sources(folder.as_std_path()).iter().any(|path| read(path).contains(&name));
        assert!(there, "there is no test {test} in {binary}");
        guarded.insert(*number);
    }
    assert_eq!(guarded, numbers, "invariants of ARCHITECTURE.md, and those that tests/README.md says are guarded");
}
