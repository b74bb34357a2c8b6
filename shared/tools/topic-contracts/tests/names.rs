//! The files about names: the rules of an organisation, and what an environment calls its topics.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use topic_contracts::{Topics, TopicsError, environment_names, naming_rules};
use topic_names::{NamingRules, TopicName};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events")
}

/// A folder of events with one contract, and rules if there are any.
fn with(rules: Option<&Json>, topic: &str, connector: &str) -> (tempfile::TempDir, Result<Topics, TopicsError>) {
    let copy = tempfile::tempdir().unwrap();
    let topics = copy.path().join("topics");
    fs::create_dir(&topics).unwrap();
    if let Some(rules) = rules {
        fs::write(copy.path().join("names.json"), rules.to_string()).unwrap();
    }
    let text = fs::read_to_string(events().join("topics/cdc.mysql.shop.orders.json")).unwrap();
    let mut contract: Json = serde_json::from_str(&text).unwrap();
    contract["producers"] = json!([{"connector": connector}]);
    fs::write(topics.join(format!("{topic}.json")), contract.to_string()).unwrap();
    let read = Topics::read(&topics);
    (copy, read)
}

fn debeziums() -> Json {
    json!({"$schema": "names.schema.json", "patterns": [
        {"holds": "events", "name": "<domain>.<entity>.<event>"},
        {"holds": "changes", "name": "dbserver1.<container>.<table>"}]})
}

#[test]
fn the_file_says_what_is_the_default() {
    assert!(events().join("names.json").is_file());
    assert_eq!(naming_rules(&events()).unwrap(), NamingRules::default());
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(naming_rules(nowhere.path()).unwrap(), NamingRules::default());
}

#[test]
fn contracts_are_named_by_the_file_beside_their_folder() {
    let (_copy, read) = with(Some(&debeziums()), "dbserver1.inventory.orders", "dbserver1");
    let topics = read.unwrap();
    let topic: &TopicName = topics.contracts.keys().next().unwrap();
    assert_eq!(
        (topic.as_str(), topic.connector_prefix().as_deref()),
        ("dbserver1.inventory.orders", Some("dbserver1"))
    );

    let broken = |read: Result<Topics, TopicsError>| read.unwrap_err().to_string();
    let (_copy, read) = with(None, "dbserver1.inventory.Orders", "dbserver1");
    assert!(broken(read).contains("segment 3 holds the capital"), "our own rules are the default");
    let (_copy, read) = with(Some(&debeziums()), "cdc.mysql.shop.orders", "cdc.mysql");
    assert!(broken(read).contains("none of the names that are allowed: `<domain>.<entity>.<event>`"));
    let (_copy, read) = with(Some(&debeziums()), "dbserver1.inventory.orders", "cdc.mysql");
    assert!(broken(read).contains("the connector dbserver1 writes it, alone"));
}

#[test]
fn two_contracts_of_which_kafka_creates_only_one_do_not_hold() {
    let (copy, read) = with(None, "cdc.mysql.shop.order_items", "cdc.mysql");
    read.unwrap();
    let topics = copy.path().join("topics");
    fs::copy(topics.join("cdc.mysql.shop.order_items.json"), topics.join("cdc.mysql.shop_order.items.json")).unwrap();
    let error = Topics::read(&topics).unwrap_err().to_string();
    assert!(error.contains("differ only by `.` and `_`"), "{error}");
}

#[test]
fn rules_that_cannot_be_used_are_refused_with_file_and_place() {
    let mut twice = debeziums();
    twice["patterns"][1]["name"] = json!("<system>.<container>.<table>");
    let mut unknown = debeziums();
    unknown["patterns"][0]["holds"] = json!("facts");
    for (rules, said) in [
        (twice, "fit the same names"),
        (unknown, "/patterns/0/holds"),
        (json!({"$schema": "names.schema.json", "patterns": []}), "/patterns"),
        (json!({"$schema": "names.schema.json", "patterns": debeziums()["patterns"], "letters": true}), "letters"),
    ] {
        let (_copy, read) = with(Some(&rules), "dbserver1.inventory.orders", "dbserver1");
        let error = read.unwrap_err().to_string();
        assert!(error.contains("names.json: ") && error.contains(said), "{error}");
    }
}

#[test]
fn an_environment_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let read = |json: Json| {
        let path = folder.path().join("staging.json");
        fs::write(&path, json.to_string()).unwrap();
        environment_names(&path)
    };
    let schema = "../../events/environment-names.schema.json";
    let own = json!({"user.profile.updated": "legacy.profiles"});
    let names = read(json!({"$schema": schema, "prefix": "staging.", "topics": own})).unwrap();
    assert_eq!(names.in_cluster("user.profile.updated"), "legacy.profiles");
    let topics = Topics::read(&events().join("topics")).unwrap();
    let by_name = topics.in_cluster(&names).unwrap();
    assert_eq!(by_name.len(), topics.contracts.len());
    assert!(by_name.contains_key("staging.cdc.mysql.shop.orders") && by_name.contains_key("legacy.profiles"));
    assert!(by_name.contains_key("__debezium-heartbeat.staging.cdc.mysql"));

    let typo = read(json!({"$schema": schema, "topics": {"user.profile.update": "x"}})).unwrap();
    assert!(topics.in_cluster(&typo).unwrap_err()[0].to_string().contains("`user.profile.update` is given a name"));
    for (json, said) in [
        (json!({"prefix": "staging."}), "$schema"),
        (json!({"$schema": schema, "prefix": "_a"}), "the prefix `_a`"),
        (json!({"$schema": schema, "topics": {"a.b.c": 1}}), "/topics/a.b.c"),
        (json!({"$schema": schema, "topics": {"a.b.c": "x", "a.b.d": "x"}}), "would both be `x`"),
    ] {
        let error = read(json).unwrap_err().to_string();
        assert!(error.contains("staging.json: ") && error.contains(said), "{error}");
    }
    assert!(matches!(environment_names(Path::new("/no/such/file.json")), Err(TopicsError::Read { .. })));
}
