//! The contracts of topics: each rule, broken once.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;

use crate::copy::{Copy, events};

const PROFILES: &str = "user.profile.updated";
const ACCOUNTS: &str = "cdc.postgres.public.accounts";
const HISTORY: &str = "cdc.mysql.schema-history";

/// What `schemas check` says after a text was replaced in a contract; it exits with 1.
fn said(topic: &str, from: &str, to: &str) -> String {
    let copy = Copy::new();
    copy.edit(&format!("../topics/{topic}.json"), from, to);
    let (code, out, error) = copy.run(&["check"]);
    assert_eq!(code, 1, "{from} → {to}\n{out}{error}");
    out
}

#[test]
fn every_broken_rule_of_a_contract_is_named() {
    let delete = r#""cleanup.policy": "delete""#;
    for (topic, from, to, expected) in [
        (PROFILES, r#""owner": "profiles""#, r#""owner": """#, "/owner: "),
        (PROFILES, r#""owner": "profiles","#, "", r#"/: "owner" is a required property"#),
        (PROFILES, r#""owner""#, r#""colour": "red", "owner""#, "'colour' was unexpected"),
        (PROFILES, r#""kind": "facts""#, r#""kind": "events""#, "/kind: "),
        (PROFILES, "1048576", "1048577", "/config/max.message.bytes: 1048577 is greater than the maximum of 1048576"),
        (PROFILES, r#""partitions": 3"#, r#""partitions": 0"#, "/partitions: 0 is less than the minimum of 1"),
        (PROFILES, "2592000000", "60000", "/config/retention.ms: "),
        (PROFILES, "CreateTime", "CREATE_TIME", "/config/message.timestamp.type: "),
        (PROFILES, delete, r#""cleanup.policy": "compact,delete""#, "compaction loses facts"),
        (PROFILES, r#""kind": "facts""#, r#""kind": "compacted_state""#, "nothing compacts it"),
        (PROFILES, r#""retention.ms": 2592000000,"#, "", r#"write "retention.ms""#),
        (PROFILES, delete, &format!(r#""delete.retention.ms": 1, {delete}"#), "where the policy does not compact"),
        (HISTORY, delete, r#""cleanup.policy": "compact,delete""#, "these records have no key"),
        (HISTORY, "\"retention.ms\": -1", "\"retention.ms\": 604800000", "from the beginning at each start"),
        (HISTORY, r#""partitions": 1"#, r#""partitions": 3"#, "from the beginning at each start"),
        (HISTORY, r#""person": []"#, r#""person": ["key"]"#, "there is no key"),
        (ACCOUNTS, delete, r#""cleanup.policy": "compact""#, r#""retention.ms" does nothing"#),
        (ACCOUNTS, r#""cdc.postgres""#, r#""cdc.mysql""#, "the connector cdc.postgres writes it, alone"),
        (PROFILES, r#"{"function": "publish-profile-updates"}"#, r#"{"connector": "cdc.mysql"}"#, "name the producer"),
        (PROFILES, r#""format": "text""#, r#""format": "avro""#, "an event's schemas are ours"),
        (PROFILES, r#""format": "avro""#, r#""format": "json""#, "only an Avro value has subjects"),
    ] {
        let out = said(topic, from, to);
        assert!(out.contains(&format!("{topic}: ")) && out.contains(expected), "{from} → {to}\n{out}");
    }
}

#[test]
fn a_contract_names_subjects_and_fields_that_exist() {
    for (topic, from, to, expected) in [
        (ACCOUNTS, "accounts-value\"", "accounts-row\"", "its subject `cdc.postgres.public.accounts-row` is not in"),
        (
            ACCOUNTS,
            "accounts-value\"",
            "accounts-row\"",
            "accounts-value: no contract in events/topics names this subject",
        ),
        (
            ACCOUNTS,
            "accounts-value\"",
            "accounts-key\"",
            "names it for its value, whose subject is `cdc.postgres.public.accounts-value`",
        ),
        (
            PROFILES,
            r#""subjects""#,
            r#""strategy": "record", "subjects""#,
            "`user.profile.UserProfileUpdated` by the strategy `record`",
        ),
        (ACCOUNTS, "value.after.id", "value.after.uuid", "`value.after.uuid` in \"person\" is not a field"),
        (ACCOUNTS, "\"key.id\"", "\"key\"", "`key` in \"person\" is a whole record"),
        (PROFILES, "\"key\",", "\"key.id\",", "`key.id` in \"person\" cannot be found, for the key has no subject"),
        ("cdc.mysql.transaction", r#""person": []"#, r#""person": ["value.id"]"#, "for the value has no subject here"),
    ] {
        let out = said(topic, from, to);
        assert!(out.contains(expected), "{from} → {to}\n{out}");
    }
}

#[test]
fn a_topic_with_schemas_has_a_contract_of_its_name() {
    let copy = Copy::new();
    let contract = |topic: &str| copy.path(&format!("../topics/{topic}.json"));
    fs::rename(contract(PROFILES), contract("user.profileUpdated")).unwrap();
    let (code, out, _) = copy.run(&["check"]);
    assert_eq!(code, 1);
    assert!(out.contains("user.profileUpdated: `user.profileUpdated` is not a topic name: it has 2 segments"), "{out}");
    assert!(out.contains("user.profile.updated-value: no contract in events/topics names this subject"), "{out}");
    fs::remove_file(contract("user.profileUpdated")).unwrap();
    assert!(copy.run(&["check"]).1.contains("no contract in events/topics names this subject"));
}

#[test]
fn topics_are_judged_by_the_names_that_the_file_allows() {
    let copy = Copy::new();
    fs::copy(copy.path("../topics/cdc.mysql.transaction.json"), copy.path("../topics/dbserver1.transaction.json"))
        .unwrap();
    copy.edit("../topics/dbserver1.transaction.json", r#""connector": "cdc.mysql""#, r#""connector": "dbserver1""#);
    let (code, out, _) = copy.run(&["check"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("dbserver1.transaction: `dbserver1.transaction` is not a topic name: it has 2 segments"),
        "{out}"
    );

    let theirs = r#"{"holds": "transactions", "name": "dbserver1.transaction"}, "#;
    copy.edit("../names.json", r#"{"holds": "heartbeats""#, &format!(r#"{theirs}{{"holds": "heartbeats""#));
    let (code, out, error) = copy.run(&["check"]);
    assert_eq!(code, 0, "{out}{error}");
    copy.edit("../names.json", "dbserver1.transaction", "transaction");
    let (code, _, error) = copy.run(&["check"]);
    assert_eq!(code, 2);
    assert!(error.contains("names.json: the pattern `transaction` cannot be used"), "{error}");
}

#[test]
fn the_catalogue_is_not_made_from_contracts_that_do_not_hold() {
    let copy = Copy::new();
    copy.edit(&format!("../topics/{PROFILES}.json"), "1048576", "2097152");
    let (code, _, error) = copy.run(&["docs"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("user.profile.updated: /config/max.message.bytes"), "{error}");
}

#[test]
fn a_folder_of_contracts_that_cannot_be_read_exits_with_2() {
    let copy = Copy::new();
    fs::write(copy.path("../topics/notes.txt"), "").unwrap();
    let (code, _, error) = copy.run(&["check"]);
    assert_eq!(code, 2);
    assert!(error.contains("notes.txt: this folder has <topic>.json"), "{error}");
    fs::remove_dir_all(copy.path("../topics")).unwrap();
    assert_eq!(copy.run(&["check"]).0, 2);
}

/// What the connectors were recorded to write is declared.
#[test]
fn every_recorded_topic_has_a_contract() {
    let mut recorded = BTreeSet::new();
    for recording in fs::read_dir(events().join("recorded")).unwrap() {
        let text = fs::read_to_string(recording.unwrap().path().join("schemas.json")).unwrap();
        let schemas: Json = serde_json::from_str(&text).unwrap();
        for schema in schemas.as_object().unwrap().values() {
            let topic = schema["subject"].as_str().unwrap().strip_suffix("-value");
            let Some(topic) = topic else { continue };
            assert!(events().join(format!("topics/{topic}.json")).exists(), "{topic} has no contract");
            recorded.insert(topic.to_owned());
        }
    }
    for topic in [ACCOUNTS, "cdc.mysql.shop.orders", "cdc.mongodb.users.login", "cdc.mysql.transaction"] {
        assert!(recorded.contains(topic), "{topic} is recorded: {recorded:?}");
    }
}

#[test]
fn a_function_that_produces_is_a_folder_of_functions() {
    let mut functions = BTreeSet::new();
    for file in fs::read_dir(events().join("topics")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let contract: Json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for producer in contract["producers"].as_array().into_iter().flatten() {
            let Some(function) = producer["function"].as_str() else { continue };
            assert!(events().join("../functions").join(function).join("Cargo.toml").exists(), "{}", path.display());
            functions.insert(function.to_owned());
        }
    }
    assert!(functions.contains("publish-profile-updates"), "{functions:?}");
}
