//! Dependencies run one way, and each outside world has one door.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Our crates from the ground up. A crate may depend on crates of lower floors only. Functions are the top floor, named
/// here or not.
const FLOORS: &[&[&str]] = &[
    &["topic-names"],
    &["kafka-events", "avro-decode-derive", "environment"],
    &["avro-decode"],
    &["schema-registry", "debezium"],
    &["event-runtime"],
    &["redrive-core"],
    &["dead-letters-sqs", "dynamodb", "kafka-producer", "schema-registries"],
    &["event-functions"],
    &["publish-profile-updates", "redrive-dead-letters", "send-welcome-email"],
];

/// What only a laptop or a test needs, and what must never be part of a function.
const NEVER_IN_A_FUNCTION: &[&str] =
    &["demo", "local-stack", "recordings", "schema-tools", "clap", "axum", "proptest", "rdkafka", "serde_avro_fast"];

/// What only functions that produce carry.
const ONLY_IN_A_PRODUCER: &[&str] = &["apache-avro", "kafka-producer", "krafka"];

/// The functions that produce.
const PRODUCERS: &[&str] = &["publish-profile-updates"];

/// What the core may not know, not even through others.
const NEVER_IN_THE_CORE: &[&str] = &["aws-config", "aws-smithy-runtime", "hyper", "reqwest", "lambda_runtime", "tower"];

fn floor_of(name: &str) -> Option<usize> {
    let known = FLOORS.iter().position(|floor| floor.contains(&name));
    known.or_else(|| functions().contains(name).then_some(FLOORS.len() - 1))
}

/// What lies in `functions/`, and the templates that new ones are copies of.
fn functions() -> &'static BTreeSet<String> {
    static FUNCTIONS: OnceLock<BTreeSet<String>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
        let is_function = |package: &&cargo_metadata::Package| {
            let folder = package.manifest_path.parent();
            let place = folder.and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok());
            place.is_some_and(|place| {
                let template = place.as_str().starts_with("shared/tools/template-");
                template || place.starts_with("functions") && place.components().count() == 2
            })
        };
        metadata.packages.iter().filter(is_function).map(|package| package.name.to_string()).collect()
    })
}

fn our_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
    let ours: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let dependencies_of = |package: &cargo_metadata::Package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal && ours.contains(&dependency.name))
            .map(|dependency| dependency.name.clone())
            .collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), dependencies_of(package))).collect()
}

/// Everything that is compiled into a crate, by name.
fn compiled_into(name: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn dependencies_point_down() {
    for (name, dependencies) in our_dependencies() {
        let Some(floor) = floor_of(&name) else { continue };
        for dependency in dependencies {
            let below = floor_of(&dependency);
            assert!(below.is_some_and(|below| below < floor), "{name} depends on {dependency}, which is not below it");
        }
    }
}

#[test]
fn every_crate_of_the_product_has_its_floor() {
    let known = FLOORS.concat();
    for name in our_dependencies().into_keys() {
        let tool = [
            "demo",
            "local-stack",
            "recordings",
            "schema-tools",
            "architecture",
            "benchmarks",
            "end-to-end",
            "hostile-inputs",
            "conformance",
            "jvm-peers",
            "simulation",
            "mutations",
            "mutations-redrive",
            "schema-readers",
            "redrive-command",
            "sweep-command",
        ]
        .contains(&name.as_str());
        let known = known.contains(&name.as_str()) || functions().contains(&name);
        assert!(tool || known, "{name} has no floor in this test and in ARCHITECTURE.md");
    }
}

#[test]
fn the_core_knows_no_aws_and_no_http() {
    for core in ["kafka-events", "avro-decode", "debezium", "event-runtime", "redrive-core"] {
        let compiled = compiled_into(core);
        for foreign in NEVER_IN_THE_CORE {
            assert!(!compiled.contains(*foreign), "{core} brings in {foreign}");
        }
    }
}

#[test]
fn functions_carry_nothing_of_the_laptop() {
    for function in functions() {
        let compiled = compiled_into(function);
        for foreign in NEVER_IN_A_FUNCTION {
            assert!(!compiled.contains(*foreign), "{function} brings in {foreign}");
        }
    }
}

#[test]
fn functions_that_only_consume_carry_no_encoder_and_no_kafka_client() {
    let functions = FLOORS.last().expect("functions are the top floor");
    for function in functions.iter().filter(|function| !PRODUCERS.contains(function)) {
        let compiled = compiled_into(function);
        for foreign in ONLY_IN_A_PRODUCER {
            assert!(!compiled.contains(*foreign), "{function} brings in {foreign}");
        }
    }
}

#[test]
fn only_the_host_knows_the_lambda_runtime() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
    for package in metadata.packages {
        let knows = package.dependencies.iter().any(|dependency| dependency.name == "lambda_runtime");
        assert!(!knows || *package.name == "event-functions", "{} knows lambda_runtime", package.name);
    }
}

/// `unsafe_code` is denied for the workspace; this is who may ask for it all the same.
#[test]
fn unsafe_code_has_one_place() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in folder.read_dir().expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
    let mut found = Vec::new();
    for folder in ["functions", "shared", "tests"] {
        sources(metadata.workspace_root.join(folder).as_std_path(), &mut found);
    }
    let asks = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a readable file");
        // In two parts, for this file is one of them.
        text.contains(concat!("(unsafe", "_code"))
    };
    found.retain(asks);
    let asking: Vec<_> = found.iter().filter_map(|path| path.strip_prefix(&metadata.workspace_root).ok()).collect();
    assert_eq!(asking, [Path::new("shared/core/avro-decode/src/utf8.rs")]);
}
