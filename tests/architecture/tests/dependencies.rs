//! The folder that a crate lies in says what it may depend on: `core`, `adapters`, `event-functions`, `functions`, `tools`.
//!
//! Nothing here names a crate of ours. What the repository holds is read from its folders and from cargo; what the
//! outside world is, from the sections of the workspace's `Cargo.toml`.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use architecture::{Crate, Wing, crates, root, sections, sources};

/// What may a crate of this wing be built from?
fn may_use(wing: Wing) -> &'static [Wing] {
    match wing {
        Wing::Core => &[Wing::Core],
        Wing::Adapter => &[Wing::Core, Wing::Adapter],
        Wing::Door => &[Wing::Core, Wing::Adapter, Wing::Door],
        // What a function needs of the core, the door hands on; an adapter it names where its effect is that adapter's.
        Wing::Function => &[Wing::Adapter, Wing::Door],
        Wing::Command => &[Wing::Core, Wing::Adapter, Wing::Door, Wing::Function],
        Wing::Tool => &[Wing::Core, Wing::Adapter, Wing::Door, Wing::Function, Wing::Tool],
        Wing::Test => &[Wing::Core, Wing::Adapter, Wing::Door, Wing::Function, Wing::Command, Wing::Tool, Wing::Test],
    }
}

/// Everything that is compiled into a crate, by name. Cargo is asked once for each.
fn compiled_into(name: &str) -> &'static BTreeSet<String> {
    static TREES: Mutex<BTreeMap<String, &'static BTreeSet<String>>> = Mutex::new(BTreeMap::new());
    let mut trees = TREES.lock().expect("no test panicked here");
    trees.entry(name.to_owned()).or_insert_with(|| Box::leak(Box::new(tree_of(name))))
}

fn tree_of(name: &str) -> BTreeSet<String> {
    tree(&["-p", name])
}

/// The packages of what cargo would build alone with these arguments.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        // A build that unites the features of the workspace would show everybody's.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn of_wing(wing: Wing) -> Vec<Crate> {
    crates().into_iter().filter(|found| found.wing == wing).collect()
}

#[test]
fn a_crate_uses_only_what_its_folder_allows() {
    let crates = crates();
    let wings: BTreeMap<_, _> = crates.iter().map(|found| (found.name.as_str(), found.wing)).collect();
    for found in &crates {
        for dependency in &found.dependencies {
            let Some(wing) = wings.get(dependency.as_str()) else { continue };
            let allowed = may_use(found.wing).contains(wing);
            assert!(allowed, "{} ({:?}) depends on {dependency} ({wing:?})", found.name, found.wing);
        }
    }
}

#[test]
fn an_adapter_that_adapters_use_serves_several() {
    let adapters = of_wing(Wing::Adapter);
    for used in &adapters {
        let users = adapters.iter().filter(|found| found.dependencies.contains(&used.name)).count();
        assert!(users != 1, "{} is used by one adapter: let it be a part of that", used.name);
    }
}

#[test]
fn every_wing_has_its_crates() {
    // Else a rule about a wing would hold because the folder was renamed.
    for wing in [Wing::Core, Wing::Adapter, Wing::Door, Wing::Function, Wing::Tool, Wing::Test] {
        assert!(!of_wing(wing).is_empty(), "{wing:?} is empty");
    }
    let macros = |found: &Crate| found.folder.ends_with("derive");
    assert_eq!(of_wing(Wing::Door).iter().filter(|found| !macros(found)).count(), 1, "there is one door");
}

#[test]
fn a_crate_names_only_what_its_section_of_the_manifest_is_for() {
    let sections = sections();
    let crates = crates();
    for found in &crates {
        for dependency in found.dependencies.iter().filter(|name| crates.iter().all(|ours| ours.name != **name)) {
            let section = sections.get(dependency).copied();
            let section = section.unwrap_or_else(|| panic!("{dependency} is in no section of Cargo.toml"));
            let allowed = section.is_for(found.wing);
            assert!(allowed, "{} ({:?}) names {dependency}, which is {section:?}", found.name, found.wing);
        }
    }
}

#[test]
fn nothing_of_the_outside_world_is_compiled_into_the_core() {
    let sections = sections();
    for core in of_wing(Wing::Core) {
        for compiled in compiled_into(&core.name) {
            let outside = sections.get(compiled).is_some_and(|section| !section.is_for(Wing::Core));
            assert!(!outside, "{} brings in {compiled}", core.name);
        }
    }
}

#[test]
fn the_core_asks_the_process_for_nothing() {
    for core in of_wing(Wing::Core) {
        for path in sources(&core.folder.join("src")) {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            // Tests may read files; they stand last in a file, or in files of their own.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let is_test = path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs");
            for asks in ["std::env::", "std::fs::", "std::net::", "std::process::", "tokio::net::", "tokio::fs::"] {
                assert!(is_test || !code.contains(asks), "{} uses {asks}", path.display());
            }
        }
    }
}

#[test]
fn nothing_of_the_laptop_is_compiled_into_a_function() {
    let local: Vec<_> =
        crates().into_iter().filter(|found| matches!(found.wing, Wing::Tool | Wing::Test | Wing::Command)).collect();
    for function in of_wing(Wing::Function) {
        let compiled = compiled_into(&function.name);
        for foreign in &local {
            assert!(!compiled.contains(&foreign.name), "{} brings in {}", function.name, foreign.name);
        }
    }
}

#[test]
fn what_one_adapter_brings_is_only_in_functions_that_name_it() {
    // So a function that only consumes carries no encoder and no Kafka client: those are the producer's alone.
    let crates = crates();
    let deployed = |wing| matches!(wing, Wing::Core | Wing::Adapter | Wing::Door);
    let sections = sections();
    let of_door: BTreeSet<_> = of_wing(Wing::Door).iter().flat_map(|door| compiled_into(&door.name)).collect();
    let mut checked = 0;
    for adapter in crates.iter().filter(|found| found.wing == Wing::Adapter) {
        let others = crates.iter().filter(|found| deployed(found.wing) && found.name != adapter.name);
        let shared: BTreeSet<_> = others.flat_map(|found| &found.dependencies).collect();
        let own = adapter.dependencies.iter().filter(|name| !shared.contains(name) && sections.contains_key(*name));
        let own: Vec<_> = own.chain([&adapter.name]).collect();
        for function in crates.iter().filter(|found| found.wing == Wing::Function) {
            let compiled = compiled_into(&function.name);
            if function.dependencies.contains(&adapter.name) || of_door.contains(&adapter.name) {
                continue;
            }
            checked += 1;
            for foreign in own.iter().filter(|name| !function.dependencies.contains(**name)) {
                let carried = compiled.contains(*foreign);
                assert!(!carried, "{} brings in {foreign}, but does not name {}", function.name, adapter.name);
            }
        }
    }
    assert!(checked > 0, "every function names every adapter");
}

/// Cargo unites the features of a workspace build: what one brings in, every function would carry.
#[test]
fn no_feature_of_what_a_function_names_brings_an_adapter_in() {
    let crates = crates();
    let of = |wing| crates.iter().filter(move |found| found.wing == wing);
    let adapters: BTreeSet<_> = of(Wing::Adapter).map(|found| found.name.clone()).collect();
    let named: BTreeSet<_> = of(Wing::Function).flat_map(|function| &function.dependencies).collect();
    let mut checked = 0;
    for found in crates.iter().filter(|found| found.wing == Wing::Door || named.contains(&found.name)) {
        let alone = ["-p", &found.name, "--no-default-features"];
        let without = &tree(&alone) & &adapters;
        for feature in &found.features {
            let with = &tree(&[&alone[..], &["--features", feature]].concat()) & &adapters;
            assert_eq!(with, without, "adapters reached with the feature {feature} of {}, and without", found.name);
            checked += 1;
        }
    }
    assert!(checked > 0, "no feature was found");
}

#[test]
fn only_the_door_knows_the_lambda_runtime() {
    for found in crates() {
        let knows = found.dependencies.contains("lambda_runtime");
        assert!(!knows || found.wing == Wing::Door, "{} knows lambda_runtime", found.name);
    }
}

/// `unsafe_code` is denied for the workspace; this is who may ask for it all the same.
#[test]
fn unsafe_code_has_one_place() {
    let mut asking = BTreeSet::new();
    for folder in ["functions", "shared", "tests"] {
        for path in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            // In two parts, for this file is one of them.
            if text.contains(concat!("(unsafe", "_code")) {
                asking.insert(path.strip_prefix(root()).map(Path::to_path_buf).unwrap_or(path));
            }
        }
    }
    assert_eq!(asking, BTreeSet::from([PathBuf::from("shared/core/avro-decode/src/utf8.rs")]));
}
