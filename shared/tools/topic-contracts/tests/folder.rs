//! The folder of contracts: what is read, and that the schema of contracts takes nothing that the types do not.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use topic_contracts::{CleanupPolicy, Kind, Producer, TopicContract, Topics, TopicsError};
use topic_names::{TopicKind, TopicName};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/topics")
}

#[test]
fn a_contract_is_read_field_by_field() {
    let topics = Topics::read(&folder()).unwrap();
    let accounts = &topics.contracts[&"cdc.postgres.public.accounts".parse().unwrap()];
    assert_eq!((accounts.owner.as_str(), accounts.kind, accounts.partitions), ("accounts", Kind::ChangedRows, 3));
    assert_eq!(accounts.producers, [Producer::Connector("cdc.postgres".into())]);
    assert_eq!(accounts.value.subjects, ["cdc.postgres.public.accounts-value"]);
    assert_eq!(accounts.person, ["key.id", "value.before.id", "value.after.id"]);
    assert_eq!(accounts.config.cleanup_policy, CleanupPolicy::Delete);
}

/// No record may exceed an invocation, and a statement that MySQL's connector needs at each start is never removed.
#[test]
fn what_functions_and_connectors_rely_on_holds_for_every_topic() {
    let topics = Topics::read(&folder()).unwrap();
    let name = |topic: &str| topic.parse::<TopicName>().unwrap();
    for topic in ["cdc.mysql.schema-history", "cdc.postgres.public.accounts", "user.profile.updated"] {
        assert!(topics.contracts.contains_key(&name(topic)), "{topic} is not among the contracts");
    }
    for (topic, contract) in &topics.contracts {
        assert!(contract.config.max_message_bytes <= 1 << 20, "{topic}");
        if topic.as_str().ends_with(".schema-history") {
            assert_eq!((contract.config.retention_ms, contract.partitions), (Some(-1), 1), "{topic}");
        }
        if matches!(topic.kind(), TopicKind::Change { .. }) {
            assert_eq!(contract.kind, Kind::ChangedRows, "{topic}");
        }
    }
}

/// Each value that the schema lists is one that the types read, and each field of the schema is read.
#[test]
fn what_the_schema_of_contracts_takes_can_be_read() {
    let text = fs::read_to_string(folder().join("topic.schema.json")).unwrap();
    let schema: Json = serde_json::from_str(&text).unwrap();
    let contract = json!({
        "owner": "o", "description": "d.", "kind": "facts", "producers": [{"connector": "cdc.a"}, {"function": "f"}, {"service": "s"}],
        "key": {"format": "none", "meaning": "m."}, "value": {"format": "json"}, "person": [], "partitions": 1,
        "config": {"cleanup.policy": "delete", "max.message.bytes": 1024, "message.timestamp.type": "CreateTime",
                   "retention.ms": -1, "delete.retention.ms": 9_007_199_254_740_991_i64, "max.compaction.lag.ms": 1}});
    let read = |json: &Json| serde_json::from_value::<TopicContract>(json.clone());
    read(&contract).unwrap();
    let mut read_values = 0;
    for (place, at) in [
        ("/properties/kind", "/kind"),
        ("/properties/key/properties/format", "/key/format"),
        ("/properties/value/properties/format", "/value/format"),
        ("/properties/config/properties/cleanup.policy", "/config/cleanup.policy"),
        ("/properties/config/properties/message.timestamp.type", "/config/message.timestamp.type"),
        ("/$defs/strategy", ""),
    ] {
        for value in schema.pointer(place).unwrap()["enum"].as_array().unwrap() {
            let mut changed = contract.clone();
            match at {
                "" => changed["value"]["strategy"] = value.clone(),
                at => *changed.pointer_mut(at).unwrap() = value.clone(),
            }
            read(&changed).unwrap();
            read_values += 1;
        }
    }
    assert_eq!(read_values, 16);
}

/// One contract of a folder, changed.
fn with(name: &str, change: impl FnOnce(&mut Json)) -> (tempfile::TempDir, Result<Topics, TopicsError>) {
    let copy = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(folder().join("user.profile.updated.json")).unwrap();
    let mut json: Json = serde_json::from_str(&text).unwrap();
    change(&mut json);
    fs::write(copy.path().join(name), json.to_string()).unwrap();
    let read = Topics::read(copy.path());
    (copy, read)
}

#[test]
fn all_that_is_broken_is_said_at_once() {
    let (_copy, read) = with("user.profileUpdated.json", |json| {
        json["partitions"] = json!(0);
        json["config"]["max.message.bytes"] = json!(2_000_000);
    });
    let Err(TopicsError::Invalid(violations)) = read else { unreachable!("it is broken") };
    assert_eq!(violations.len(), 3, "{violations:?}");
    let (copy, _) = with("user.profile.updated.json", |json| json["owner"] = json!(7));
    let (topics, violations) = Topics::load(copy.path()).unwrap();
    assert!(topics.contracts.is_empty());
    assert!(violations[0].to_string().starts_with("user.profile.updated: /owner: 7 is not of type"), "{violations:?}");
}

#[test]
fn a_folder_without_contracts_or_with_other_files_is_refused() {
    let copy = tempfile::tempdir().unwrap();
    assert!(matches!(Topics::read(copy.path()), Err(TopicsError::NoTopics { .. })));
    fs::write(copy.path().join("a.b.c.json"), "{").unwrap();
    assert!(matches!(Topics::read(copy.path()), Err(TopicsError::Json { .. })));
    fs::write(copy.path().join("a.b.c.yaml"), "").unwrap();
    fs::remove_file(copy.path().join("a.b.c.json")).unwrap();
    assert!(matches!(Topics::read(copy.path()), Err(TopicsError::Stray { .. })));
    assert!(matches!(Topics::read(&copy.path().join("nowhere")), Err(TopicsError::Read { .. })));
}

#[test]
fn settings_are_given_in_kafkas_words() {
    let topics = Topics::read(&folder()).unwrap();
    let name: TopicName = "user.profile.updated".parse().unwrap();
    let entries = topics.contracts[&name].config.entries();
    let expected = [
        ("cleanup.policy", "delete"),
        ("max.message.bytes", "1048576"),
        ("message.timestamp.type", "CreateTime"),
        ("retention.ms", "2592000000"),
    ];
    assert_eq!(entries, expected.map(|(key, value)| (key, value.to_owned())));
}
