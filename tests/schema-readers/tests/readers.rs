//! Every function can read every version of its schemas: a mistake fails the build, not production.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use avro_decode::Schema;
use schema_readers::{READ_NO_TOPIC, readers};
use schema_tools::Contracts;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contracts() -> Contracts {
    Contracts::read(&root().join("events/schemas")).unwrap()
}

#[test]
fn every_reader_compiles_against_every_version() {
    let contracts = contracts();
    let mut problems = Vec::new();
    for reader in readers() {
        let (function, subject) = (reader.function, reader.subject);
        let Some(found) = contracts.subjects.get(subject) else {
            problems.push(format!("{function} reads {subject}, which is not in events/schemas"));
            continue;
        };
        for version in &found.versions {
            if let Err(error) = reader.compile(&version.schema) {
                let number = version.number;
                problems.push(format!(
                    "{function} cannot read {subject} v{number} into {}:\n  {error}\n  Change the reader, or keep that version \
                     from being written: {} owns the schema",
                    reader.name, found.manifest.owner
                ));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn manifests_and_readers_name_the_same_consumers() {
    let listed: BTreeSet<_> = contracts()
        .subjects
        .values()
        .flat_map(|subject| {
            let of = |consumer: &schema_tools::contracts::Consumer| {
                (consumer.function.clone(), subject.name.clone(), consumer.reader.clone())
            };
            subject.manifest.consumers.iter().map(of).collect::<Vec<_>>()
        })
        .collect();
    let known: BTreeSet<_> = readers()
        .into_iter()
        .map(|reader| (reader.function.to_owned(), reader.subject.to_owned(), reader.name))
        .collect();
    for (function, subject, reader) in listed.difference(&known) {
        println!(
            "{subject}/subject.json lists {function} as reading it into {reader}: add it to tests/schema-readers/src/lib.rs"
        );
    }
    for (function, subject, reader) in known.difference(&listed) {
        println!(
            "{function} reads {subject} as {reader}: add it to the consumers in events/schemas/{subject}/subject.json"
        );
    }
    assert_eq!(listed, known);
}

#[test]
fn every_function_is_listed_with_what_it_reads() {
    let readers = readers();
    let reading: BTreeSet<&str> = readers.iter().map(|reader| reader.function).collect();
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("Cargo.toml").exists() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let known = reading.contains(name.as_str()) || READ_NO_TOPIC.contains(&name.as_str());
        assert!(known, "tests/schema-readers/src/lib.rs does not list what the function {name} reads");
    }
}

/// Proves that the check can fail: a column that the function reads as text becomes a number.
#[test]
fn a_version_that_a_function_cannot_read_is_found() {
    let contracts = contracts();
    let mut found = 0;
    for reader in readers() {
        let latest = contracts.subjects[reader.subject].latest().unwrap();
        let whole = latest.json.to_string();
        let broken = whole.replace(r#""name":"email","type":"string""#, r#""name":"email","type":"long""#);
        if broken != whole {
            let error = reader.compile(&Schema::parse(&broken).unwrap()).unwrap_err();
            assert!(error.writer_path().ends_with("email"), "{error}");
            found += 1;
        }
    }
    assert_eq!(found, 1);
}
