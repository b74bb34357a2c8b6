//! No name of a topic, column or field of ours stands in `shared` outside of `tools`: what is shared serves any topic.
#![allow(clippy::expect_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use architecture::root;
use serde_json::Value;

/// Columns and fields of ours that are words of everybody's: they stand in any code and say nothing about a topic.
/// A name of two words, or of one that says what is behind it, does not belong here: choose another name there.
const WORDS: [&str; 15] = [
    "changes", "channel", "email", "id", "items", "note", "options", "paid", "profile", "rate", "receipt", "revision",
    "status", "tags", "total",
];

/// What the contracts of topics and the schemas name.
#[derive(Default)]
struct Names {
    topics: BTreeSet<String>,
    fields: BTreeSet<String>,
}

impl Names {
    fn read() -> Self {
        let mut names = Names::default();
        for path in files(&root().join("events/topics")) {
            let topic = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"));
            names.topics.extend(topic.filter(|topic| is_ours(topic)).map(str::to_owned));
        }
        for path in files(&root().join("events/schemas")) {
            if path.extension().is_some_and(|extension| extension == "avsc") {
                names.add(&json(&path), "");
            }
        }
        // Those that a connector writes into every topic are Debezium's names; reading them is what `debezium` is for.
        let connector = json(&root().join("events/schemas/connector-fields.json"));
        for field in connector.as_object().into_iter().flatten().flat_map(|(_, fields)| fields.as_object()).flatten() {
            names.fields.remove(field.0);
        }
        names.fields.retain(|name| !WORDS.contains(&name.as_str()));
        names
    }

    /// The fields of the records in a schema, those of Debezium's own types aside.
    fn add(&mut self, schema: &Value, namespace: &str) {
        match schema {
            Value::Object(members) => {
                let namespace = members.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
                for field in members.get("fields").and_then(Value::as_array).into_iter().flatten() {
                    let name =
                        field.get("name").and_then(Value::as_str).filter(|_| !namespace.starts_with("io.debezium"));
                    self.fields.extend(name.map(str::to_owned));
                }
                members.values().for_each(|member| self.add(member, namespace));
            }
            Value::Array(branches) => branches.iter().for_each(|branch| self.add(branch, namespace)),
            _ => {}
        }
    }

    fn in_text(&self, text: &str) -> BTreeSet<&str> {
        let words: BTreeSet<_> = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
        let topics = self.topics.iter().filter(|topic| text.contains(topic.as_str()));
        topics.chain(self.fields.iter().filter(|field| words.contains(field.as_str()))).map(String::as_str).collect()
    }
}

/// Is the topic named by us? What a connector writes beside its tables has a name by Debezium's convention.
fn is_ours(topic: &str) -> bool {
    let of_connector =
        topic.starts_with("__") || [".transaction", ".schema-history"].iter().any(|end| topic.ends_with(end));
    !of_connector && topic.split('.').count() > 2
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a readable file")).expect("JSON")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("a readable folder").flatten().map(|entry| entry.path());
    let (folders, mut found): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    found.extend(folders.iter().filter(|path| !path.ends_with("target")).flat_map(|path| files(path)));
    found
}

#[test]
fn what_is_shared_names_no_topic_column_or_field_of_ours() {
    let names = Names::read();
    let tools = root().join("shared/tools");
    let mut named = Vec::new();
    for path in files(&root().join("shared")).into_iter().filter(|path| !path.starts_with(&tools)) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let below = path.strip_prefix(root()).unwrap_or(&path).display();
        named.extend(names.in_text(&text).into_iter().map(|name| format!("{below} names {name}")));
    }
    assert!(named.is_empty(), "\n{}", named.join("\n"));
}

#[test]
fn the_names_are_those_of_contracts_and_schemas() {
    let names = Names::read();
    assert!(names.topics.len() > 3 && names.fields.len() > 20, "{} and {}", names.topics.len(), names.fields.len());
    let text = "`cdc.postgres.public.accounts-0` has a full_name, a lsn and an id";
    assert_eq!(names.in_text(text), BTreeSet::from(["cdc.postgres.public.accounts", "full_name"]));
    // It has a contract and no schema here.
    assert!(names.topics.contains("cdc.postgres.public.dbz_signal"), "{:?}", names.topics);
    let unused: Vec<_> = WORDS.into_iter().filter(|word| !all_fields().contains(*word)).collect();
    assert!(unused.is_empty(), "excused, but no field of ours: {unused:?}");
}

fn all_fields() -> BTreeSet<String> {
    let mut all = Names::default();
    for path in files(&root().join("events/schemas")) {
        if path.extension().is_some_and(|extension| extension == "avsc") {
            all.add(&json(&path), "");
        }
    }
    all.fields
}
