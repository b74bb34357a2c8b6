//! The manifests of this repository have the form that their JSON Schema describes, and the schema refuses what AWS would.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::path::{Path, PathBuf};

use function_manifests::{FILE, ManifestError, Trigger, parse, read, read_all};
use jsonschema::Validator;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn schema() -> Validator {
    let text = fs::read_to_string(root().join("functions/function.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// The files of functions and of templates.
fn files() -> Vec<PathBuf> {
    let folders = ["functions", "shared/tools"].map(|folder| root().join(folder));
    let below = folders.iter().flat_map(|folder| folder.read_dir().unwrap());
    below.map(|entry| entry.unwrap().path().join(FILE)).filter(|path| path.exists()).collect()
}

fn value(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_manifest_has_the_form_of_the_schema() {
    let (schema, files) = (schema(), files());
    for path in &files {
        let problems: Vec<_> = schema.iter_errors(&value(path)).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
        read(path.parent().unwrap()).unwrap().unwrap();
    }
    assert!(files.len() > 3);
}

#[test]
fn limits_that_aws_does_not_take_are_refused() {
    let schema = schema();
    let good = value(&root().join("functions/cache-user-login").join(FILE));
    assert!(schema.is_valid(&good));
    for (place, wrong) in [
        ("/limits/memory_mb", json!(64)),
        ("/limits/timeout_seconds", json!(901)),
        ("/trigger/batch/records", json!(10_001)),
        ("/trigger/batch/window_seconds", json!(301)),
        ("/trigger/guard", json!("none")),
        ("/tables/0/name", json!("Logins")),
        ("/actions/0/actions", json!(["SendMessage"])),
    ] {
        let mut manifest = good.clone();
        *manifest.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&manifest), "{place}");
    }
}

#[test]
fn the_variables_that_a_manifest_names_are_among_its_variables() {
    for function in read_all(&root().join("functions")).unwrap() {
        let consumption = function.consumption().into_iter();
        let of_mapping = consumption.flat_map(|read| [read.effect_timeout.as_str(), read.partial_responses.as_str()]);
        let of_tables = function.tables.iter().map(|table| table.variable.as_str());
        let of_actions = function.actions.iter().filter_map(function_manifests::Actions::variable);
        let of_cases = function.actions.iter().filter_map(|actions| Some(actions.when.as_ref()?.variable.as_str()));
        for name in of_mapping.chain(of_tables).chain(of_actions).chain(of_cases) {
            let secret = name.strip_suffix("_SECRET_ARN").and_then(|name| function.variable(name));
            let known = function.variable(name).is_some() || secret.is_some_and(|variable| variable.secret);
            assert!(known, "{} names {name}", function.function);
        }
    }
}

#[test]
fn what_is_not_a_manifest_is_refused_with_place_and_remedy() {
    let text = fs::read_to_string(root().join("functions/cache-user-login").join(FILE)).unwrap();
    let refused = |text: &str| parse(text, Path::new("a/function.json")).unwrap_err().to_string();
    for (text, problem) in [
        ("", "EOF"),
        ("{}", "missing field"),
        (&text.replace("\"guard\"", "\"garde\""), "guard"),
        (&text.replacen('{', "{\"color\": 1,", 1), "unknown field `color`"),
    ] {
        let said = refused(text);
        assert!(said.starts_with("a/function.json is not the manifest of a function: "), "{said}");
        assert!(said.contains(problem) && said.ends_with("`make manifests` writes it again"), "{said}");
    }

    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path()).unwrap().is_none());
    fs::write(folder.path().join(FILE), &text).unwrap();
    assert!(matches!(read(folder.path()), Err(ManifestError::OfAnother { .. })));
    assert!(matches!(parse(&text, Path::new("x")).unwrap().trigger, Trigger::Changes(_)));
}
