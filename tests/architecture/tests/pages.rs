//! Links between our pages lead somewhere, and the files that a page names exist.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use architecture::root;

/// Every Markdown page of the repository.
fn pages() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    let mut open = ["functions", "shared", "events", "tests", "infra"].map(|folder| root().join(folder)).to_vec();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// The targets of `[text](target)`, code blocks aside.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split_once(')')));
    targets.map(|(target, _)| target).filter(|target| !target.contains("://")).collect()
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept =
        kept.chars().filter(|&letter| letter.is_alphanumeric() || letter == '-' || letter == '_' || letter == ' ');
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).expect("a readable page");
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a readable page");
        for link in links(&text) {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            let there = heading.is_none_or(|heading| anchors(&target).contains(heading));
            assert!(there, "{}: {link} leads to a heading that does not exist", page.display());
        }
    }
}

#[test]
fn the_files_that_pages_name_exist() {
    let is_place = |name: &&str| {
        let in_repository =
            ["shared/", "functions/", "tests/", "events/", "infra/"].iter().any(|top| name.starts_with(top));
        // Not a pattern such as `events/schemas/<subject>/vN.avsc`, and not a folder that a command makes.
        in_repository && !name.contains(['<', '>', '*', '…', ' ', '{', '=']) && !name.contains("index-orders")
    };
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a readable page");
        for name in text.split('`').skip(1).step_by(2).filter(is_place) {
            let beside = page.parent().expect("a folder").join(name);
            assert!(root().join(name).exists() || beside.exists(), "{}: there is no {name}", page.display());
        }
    }
}

/// The smallest function: an example that cargo compiles.
const SMALLEST: &str = "shared/event-functions/examples/index_tickets.rs";

/// The Rust code that a page shows, block by block.
fn rust_blocks(page: &str) -> Vec<&str> {
    page.split("\n```rust\n").skip(1).filter_map(|rest| rest.split_once("```\n")).map(|(block, _)| block).collect()
}

#[test]
fn the_readme_shows_the_smallest_function_byte_for_byte() {
    let page = fs::read_to_string(root().join("README.md")).expect("a readable page");
    let compiled = fs::read_to_string(root().join(SMALLEST)).expect("the example");
    let section =
        page.split("\n## ").find(|section| section.starts_with("Write your own function")).expect("a section");
    let shown = rust_blocks(section);
    assert_eq!(shown.first(), Some(&compiled.as_str()), "the first Rust code of the section is not {SMALLEST}");
    assert!(compiled.lines().count() <= 30, "{SMALLEST} has more than 30 lines");
}
