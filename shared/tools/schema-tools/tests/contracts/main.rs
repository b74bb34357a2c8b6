//! The contracts of our topics hold; and what does not hold is said so that a stranger understands.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

mod copy;
mod documents;
mod functions;
mod paths;
mod topics;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use schema_tools::check;
use schema_tools::contracts::Contracts;
use serde_json::Value as Json;

use crate::copy::{Copy, events, walk};

#[test]
fn every_contract_holds() {
    let findings = check(&Contracts::read(&events().join("schemas")).unwrap()).unwrap();
    assert!(findings.is_empty(), "{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>());
}

#[test]
fn schemas_of_connectors_are_the_recorded_ones() {
    let contracts = Contracts::read(&events().join("schemas")).unwrap();
    let mut compared = BTreeSet::new();
    for subject in contracts.subjects.values() {
        let Some(recording) = &subject.manifest.recording else { continue };
        let text = fs::read_to_string(events().join("recorded").join(recording).join("schemas.json")).unwrap();
        let recorded: BTreeMap<String, Json> = serde_json::from_str(&text).unwrap();
        let mut versions: Vec<(u64, Json)> = recorded
            .values()
            .filter(|schema| schema["subject"] == subject.name.as_str())
            .map(|schema| {
                let json = serde_json::from_str(schema["schema"].as_str().unwrap()).unwrap();
                (schema["version"].as_u64().unwrap(), json)
            })
            .collect();
        versions.sort_by_key(|(number, _)| *number);
        let ours: Vec<(u64, Json)> =
            subject.versions.iter().map(|version| (version.number.into(), version.json.clone())).collect();
        assert!(ours == versions, "{} differs from events/recorded/{recording}/schemas.json", subject.name);
        assert!(!ours.is_empty(), "{} has no version", subject.name);
        compared.insert(subject.name.as_str());
    }
    for table in ["cdc.postgres.public.accounts", "cdc.mysql.shop.orders", "cdc.mongodb.users.login"] {
        for subject in [format!("{table}-key"), format!("{table}-value")] {
            assert!(compared.contains(subject.as_str()), "{subject} names no recording");
        }
    }
}

const PROFILE: &str = "user.profile.updated-value";

#[test]
fn an_unbroken_copy_passes() {
    let copy = Copy::new();
    let (code, out, _) = copy.run(&["check"]);
    let files = |folder: &str, extension: &str| {
        let paths = walk(&events().join(folder)).into_iter();
        paths.filter(|path| path.to_str().is_some_and(|path| path.ends_with(extension))).count()
    };
    // One of them is the schema of contracts.
    let topics = files("topics", ".json") - 1;
    let (subjects, versions) = (files("schemas", "subject.json"), files("schemas", ".avsc"));
    let count = format!("{topics} topics, {subjects} subjects, {versions} versions");
    assert_eq!((code, out), (0, format!("{count}: contracts, history, documentation and examples hold\n")));
    assert_eq!(copy.run(&["docs", "--check"]).0, 0);
}

#[test]
fn an_incompatible_version_is_refused_with_place_rule_and_both_schemas() {
    let copy = Copy::new();
    fs::copy(copy.path(&format!("{PROFILE}/v1.avsc")), copy.path(&format!("{PROFILE}/v2.avsc"))).unwrap();
    let v2 = format!("{PROFILE}/v2.avsc");
    copy.edit(&v2, r#"{"name": "revision", "type": "long""#, r#"{"name": "revision", "type": "string""#);
    let (code, out, _) = copy.run(&["check"]);
    assert_eq!(code, 1, "{out}");
    let expected = "user.profile.updated-value v2: it breaks the level FULL_TRANSITIVE of this subject: \
        a reader of v2 cannot read what version 1 wrote\n  \
        at `revision`: long cannot be read as string (avro_resolve_type)\n    \
        written: \"long\"\n    read as: \"string\"\n    remedy:  change the reader's type\n";
    assert!(out.contains(expected), "{out}");
    assert!(out.contains("a reader of version 1 cannot read what v2 writes"), "{out}");
    assert!(out.contains("Owner: profiles"), "{out}");
}

#[test]
fn a_table_may_not_lose_a_column_that_readers_need() {
    let copy = Copy::new();
    let subject = "cdc.postgres.public.accounts-value";
    let text = fs::read_to_string(copy.path(&format!("{subject}/v3.avsc"))).unwrap();
    let mut schema: Json = serde_json::from_str(&text).unwrap();
    let columns = schema["fields"][0]["type"][1]["fields"].as_array_mut().unwrap();
    columns.retain(|column| column["name"] != "email");
    fs::write(copy.path(&format!("{subject}/v4.avsc")), schema.to_string()).unwrap();
    let (code, out, _) = copy.run(&["check"]);
    assert_eq!(code, 1, "{out}");
    for version in 1..=3 {
        assert!(out.contains(&format!("a reader of version {version} cannot read what v4 writes")), "{out}");
    }
    assert!(out.contains("at `before.email`: record cdc.postgres.public.accounts.Value has no field `email`"), "{out}");
    assert!(out.contains(r#"read as: {"name":"email","type":"string"}"#), "{out}");
}

#[test]
fn every_other_fault_is_named() {
    let manifest = format!("{PROFILE}/subject.json");
    let schema = format!("{PROFILE}/v1.avsc");
    for (file, from, to, said) in [
        (&manifest, "\"compatibility\": \"FULL_TRANSITIVE\"", "\"compatibility\": \"full\"", "`full`"),
        (&manifest, r#""changed_at": 1795680000000,"#, "", "the example does not have the form of the latest version"),
        (
            &manifest,
            r#""revision": 7,"#,
            r#""revision": 7, "colour": "red","#,
            "the example does not have the form of the latest version: what comes out of it differs at colour: missing",
        ),
        (
            &schema,
            r#", "doc": "Whose profile. Also the record's key, as plain UTF-8.""#,
            "",
            "`user_id` has no description",
        ),
        (
            &schema,
            r#""namespace": "user.profile""#,
            r#""namespace": "com.shop""#,
            "an event of this topic has the namespace `user.profile`",
        ),
        (&schema, r#"["null", "string"], "default": null"#, r#"["null", "string"], "default": 7"#, "the default 7"),
        (&schema, r#""name": "revision""#, r#""name": "révision""#, "`révision` in `UserProfileUpdated`"),
        (&schema, r#""name": "FieldChange""#, r#""name": "Field-Change""#, "`user.profile.Field-Change`"),
        (
            &schema,
            r#""name": "revision", "type": "long""#,
            r#""name": "revision", "type": [{"type": "fixed", "name": "user.H", "size": 1},
                {"type": "array", "items": {"type": "fixed", "name": "user.H", "size": 1}}]"#,
            "`user.H` is defined more than once",
        ),
    ] {
        let copy = Copy::new();
        copy.edit(file, from, to);
        let (code, out, error) = copy.run(&["check"]);
        assert_eq!(code, 1, "{from} → {to}\n{out}{error}");
        assert!(out.contains(said), "{from} → {to}\n{out}");
    }
}

/// What is said, and what makes the copy unreadable.
type Unreadable = (&'static str, fn(&Copy));

#[test]
fn files_that_cannot_be_read_have_an_exit_code_of_their_own() {
    let unreadable: [Unreadable; 4] = [
        ("there is no v2.avsc", |copy| {
            fs::copy(copy.path(&format!("{PROFILE}/v1.avsc")), copy.path(&format!("{PROFILE}/v3.avsc"))).unwrap();
        }),
        ("there is no subject.json", |copy| fs::remove_file(copy.path(&format!("{PROFILE}/subject.json"))).unwrap()),
        ("unknown field `colour`", |copy| {
            copy.edit(&format!("{PROFILE}/subject.json"), r#""reason":"#, r#""colour": "red", "reason":"#);
        }),
        ("schema at", |copy| copy.edit(&format!("{PROFILE}/v1.avsc"), r#""type": "record""#, r#""type": "rekord""#)),
    ];
    for (said, break_it) in unreadable {
        let copy = Copy::new();
        break_it(&copy);
        let (code, _, error) = copy.run(&["check"]);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(said), "{said}\n{error}");
    }
}
