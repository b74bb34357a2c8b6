//! Our crates, each in the wing that its folder says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Where a crate lies, which says what it may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wing {
    /// `shared/core`: no AWS, no HTTP, no environment.
    Core,
    /// `shared/adapters`: one outside thing each.
    Adapter,
    /// `shared/event-functions`: what every function is built with, and its macros, which are a crate of their own.
    Door,
    /// `functions/<name>`, and the templates that new functions are copies of.
    Function,
    /// A folder inside of a function's: a command for people, beside the function that does the same on Lambda.
    Command,
    /// `shared/tools`: never deployed.
    Tool,
    /// `tests`.
    Test,
}

impl Wing {
    /// By the folder's path from the root of the repository; nothing for a folder that belongs to no wing.
    fn of(folder: &Path) -> Option<Self> {
        let parts: Vec<_> = folder.iter().map(|part| part.to_str().expect("a path in UTF-8")).collect();
        match parts.as_slice() {
            ["shared", "core", ..] => Some(Wing::Core),
            ["shared", "adapters", _] => Some(Wing::Adapter),
            ["shared", "event-functions"] | ["shared", "event-functions", "derive"] => Some(Wing::Door),
            ["shared", "tools", name] if name.starts_with("template-") => Some(Wing::Function),
            ["shared", "tools", ..] => Some(Wing::Tool),
            ["functions", _] => Some(Wing::Function),
            ["functions", _, _] => Some(Wing::Command),
            ["tests", ..] => Some(Wing::Test),
            _ => None,
        }
    }
}

/// A crate of ours.
#[derive(Debug, Clone)]
pub struct Crate {
    /// Its package.
    pub name: String,
    /// Where it lies.
    pub wing: Wing,
    /// The folder of its manifest.
    pub folder: PathBuf,
    /// Packages that it is built from by its own manifest, ours and others: no development dependencies.
    pub dependencies: BTreeSet<String>,
    /// What can be switched on in it.
    pub features: BTreeSet<String>,
}

pub(crate) fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| MetadataCommand::new().no_deps().exec().expect("cargo metadata runs"))
}

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    metadata().workspace_root.as_std_path()
}

/// All of the workspace.
///
/// # Panics
/// When a crate lies in a folder that belongs to no wing.
#[must_use]
pub fn crates() -> Vec<Crate> {
    metadata().packages.iter().map(of_package).collect()
}

fn of_package(package: &Package) -> Crate {
    let folder = package.manifest_path.parent().expect("a folder").as_std_path();
    let below = folder.strip_prefix(root()).expect("inside of the repository");
    let wing = Wing::of(below).unwrap_or_else(|| panic!("{} lies in no wing: {}", package.name, below.display()));
    let dependencies = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.clone())
        .collect();
    let features = package.features.keys().cloned().collect();
    Crate { name: package.name.to_string(), wing, folder: folder.to_path_buf(), dependencies, features }
}

/// The Rust files below a folder, crates inside of it included.
///
/// # Panics
/// When the folder cannot be read.
#[must_use]
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir().expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.extend((path.file_name().is_some_and(|name| name != "target")).then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
