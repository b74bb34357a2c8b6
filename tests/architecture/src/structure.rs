//! The size and shape of the repository in a few numbers.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, Package};

use crate::crates::{metadata, root, sources};
use crate::modules::{Circle, Modules};

/// What `make structure` prints.
#[derive(Debug)]
pub struct Structure {
    /// Crates of the workspace; those that only test are the second number.
    pub crates: (usize, usize),
    /// The file of the product, tests aside, with the most lines.
    pub largest: (PathBuf, usize),
    /// Crates of the product that a crate of the product is built from, each counted for each that uses it.
    pub arrows: usize,
    /// Files of one crate that use each other.
    pub circles: Vec<Circle>,
}

impl Structure {
    /// Reads the workspace.
    ///
    /// # Panics
    /// When a file cannot be read.
    #[must_use]
    pub fn read() -> Self {
        let (tests, product): (Vec<_>, Vec<_>) =
            metadata().packages.iter().partition(|package| package.manifest_path.starts_with(root().join("tests")));
        let names: BTreeSet<_> = product.iter().map(|package| package.name.as_str()).collect();
        let arrows = product.iter().flat_map(|package| &package.dependencies);
        let arrows = arrows.filter(|dependency| dependency.kind == DependencyKind::Normal);
        let lines = |path: PathBuf| {
            let text = fs::read_to_string(&path).expect("a readable file");
            (path, text.lines().count())
        };
        let files = product.iter().flat_map(|package| sources(&folder(package).join("src"))).map(lines);
        Structure {
            crates: (product.len() + tests.len(), tests.len()),
            largest: files.max_by_key(|(_, lines)| *lines).unwrap_or_default(),
            arrows: arrows.filter(|dependency| names.contains(dependency.name.as_str())).count(),
            circles: product.iter().chain(&tests).flat_map(|package| circles(package)).collect(),
        }
    }
}

fn folder(package: &Package) -> PathBuf {
    package.manifest_path.parent().expect("a folder").as_std_path().to_path_buf()
}

/// Of a library and of each command; a library that is compiled a second time elsewhere is looked at once.
fn circles(package: &Package) -> Vec<Circle> {
    let own = folder(package);
    let is_code = |kind: String| ["lib", "bin", "proc-macro"].contains(&kind.as_str());
    package
        .targets
        .iter()
        .filter(|target| target.kind.iter().any(|kind| is_code(kind.to_string())))
        .filter(|target| target.src_path.canonicalize().is_ok_and(|path| path.starts_with(&own)))
        .flat_map(|target| Modules::read(target.src_path.as_std_path()).circles())
        .collect()
}
