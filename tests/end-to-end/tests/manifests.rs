//! What the functions' binaries declare agrees with what stands beside the schemas.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_stack::Workspace;
use serde_json::Value;

type Names = BTreeSet<String>;

fn children(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The texts of a list; none where there is no list.
fn texts(list: &Value) -> Names {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What the function prints without any variable, as it promises.
fn manifest(binary: &Path) -> Value {
    let printed = Command::new(binary).arg("--manifest").env_clear().output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    serde_json::from_slice(&printed.stdout).unwrap()
}

/// The topic that a function declares; `None` for one that a schedule or a person invokes.
fn topic(manifest: &Value) -> Option<String> {
    let trigger = manifest["trigger"].as_object()?;
    Some(trigger.values().next()?["topic"].as_str()?.to_owned())
}

/// The functions that declare each topic.
async fn readers(workspace: &Workspace) -> BTreeMap<String, Names> {
    let functions: Vec<String> = children(&workspace.root().join("functions")).map(|path| name(&path)).collect();
    let names: Vec<&str> = functions.iter().map(String::as_str).collect();
    let built = local_stack::build(workspace, &names).await.unwrap();
    let mut readers: BTreeMap<String, Names> = BTreeMap::new();
    for (function, binary) in functions.into_iter().zip(built) {
        let manifest = manifest(&binary);
        assert_eq!(manifest["function"], *function);
        if let Some(topic) = topic(&manifest) {
            readers.entry(topic).or_default().insert(function);
        }
    }
    readers
}

/// The topics whose contracts name each subject.
fn topics(contracts: &Path) -> BTreeMap<String, Names> {
    let mut found: BTreeMap<String, Names> = BTreeMap::new();
    for path in children(contracts).filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let contract = json(&path);
        for subject in ["key", "value"].iter().flat_map(|part| texts(&contract[part]["subjects"])) {
            found.entry(subject).or_default().insert(name(&path).trim_end_matches(".json").to_owned());
        }
    }
    found
}

#[tokio::test]
async fn subjects_name_the_functions_that_declare_their_topic() {
    let workspace = Workspace::find().unwrap();
    let events = workspace.root().join("events");
    let (readers, topics) = (readers(&workspace).await, topics(&events.join("topics")));
    assert!(!readers.is_empty());
    for folder in children(&events.join("schemas")).filter(|path| path.is_dir()) {
        let of_subject = topics.get(&name(&folder)).into_iter().flatten();
        let declare: Names = of_subject.filter_map(|topic| readers.get(topic)).flatten().cloned().collect();
        let path = folder.join("subject.json");
        let named = texts(&json(&path)["consumers"]);
        assert_eq!(named, declare, "`consumers` of {}, and the functions that declare its topic", path.display());
    }
}
