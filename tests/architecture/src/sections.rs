//! The sections of `[workspace.dependencies]`, whose headings say who may name what stands below them.

use std::collections::BTreeMap;

use crate::crates::{Wing, root};

/// A section of the workspace's dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `# Ours`: the folders say who may use them.
    Ours,
    /// `# For every crate`: no AWS, no HTTP, no environment.
    Everybody,
    /// `# For what is deployed, except the core`.
    Deployed,
    /// `# For tools and tests`.
    Local,
}

impl Section {
    fn of_heading(line: &str) -> Option<Self> {
        [
            ("# Ours", Section::Ours),
            ("# For every crate", Section::Everybody),
            ("# For what is deployed, except the core", Section::Deployed),
            ("# For tools and tests", Section::Local),
        ]
        .into_iter()
        .find_map(|(heading, section)| line.starts_with(heading).then_some(section))
    }

    /// May a crate of this wing name what stands in the section?
    #[must_use]
    pub fn is_for(self, wing: Wing) -> bool {
        match self {
            Section::Ours | Section::Everybody => true,
            Section::Deployed => wing != Wing::Core,
            Section::Local => matches!(wing, Wing::Command | Wing::Tool | Wing::Test),
        }
    }
}

/// The section of each dependency that the workspace's manifest declares.
///
/// # Panics
/// When a dependency stands before the first heading.
#[must_use]
pub fn sections() -> BTreeMap<String, Section> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("a readable manifest");
    let table = manifest.split("\n[").find(|table| table.starts_with("workspace.dependencies]")).expect("the table");
    let mut section = None;
    let mut found = BTreeMap::new();
    for line in table.lines() {
        section = Section::of_heading(line).or(section);
        let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else { continue };
        let of = section.unwrap_or_else(|| panic!("{name} stands before the first section of Cargo.toml"));
        found.insert(name.to_owned(), of);
    }
    found
}
