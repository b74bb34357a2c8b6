//! AsyncAPI's own parser accepts `events/asyncapi.json`, finds in it what we wrote, and refuses it once it is broken.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

const AVRO: &str = "application/vnd.apache.avro;version=1.9.0";
const ACCOUNTS: &str = "cdc.postgres.public.accounts";
const PROFILES: &str = "user.profile.updated";

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn document() -> Json {
    serde_json::from_str(&fs::read_to_string(events().join("asyncapi.json")).unwrap()).unwrap()
}

/// What the parser says about each document.
fn read(documents: &[Json]) -> Vec<Json> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let setup = Command::new(package.join("setup-node.sh")).arg("asyncapi").status().unwrap();
    assert!(setup.success(), "setup-node.sh failed; its message is above");
    let folder = tempfile::tempdir().unwrap();
    let mut node = Command::new("node");
    node.arg(package.join("asyncapi/validate.cjs")).arg(package.join("../../.local/asyncapi"));
    for (index, document) in documents.iter().enumerate() {
        let path = folder.path().join(format!("{index}.json"));
        fs::write(&path, document.to_string()).unwrap();
        node.arg(path);
    }
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), documents.len());
    found
}

/// The only one of these that has a member of that value.
fn only<'a>(list: &'a Json, member: &str, value: &str) -> &'a Json {
    let found: Vec<&Json> = list.as_array().unwrap().iter().filter(|item| item[member] == value).collect();
    assert_eq!(found.len(), 1, "{member}: {value}");
    found[0]
}

fn texts(list: &Json, member: &str) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_parser_accepts_the_document_and_finds_every_topic() {
    let found = &read(&[document()])[0];
    assert_eq!((&found["errors"], &found["warnings"]), (&json!([]), &json!([])));

    let files = fs::read_dir(events().join("topics")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()));
    let topics: BTreeSet<_> = names.filter(|name| name != "topic.schema").collect();
    assert_eq!(texts(&found["channels"], "address"), topics);
}

#[test]
fn the_parser_finds_partitions_settings_keys_headers_and_avro() {
    let found = &read(&[document()])[0];
    let accounts = only(&found["channels"], "address", ACCOUNTS);
    assert_eq!(accounts["kafka"]["partitions"], 3);
    let settings = &accounts["kafka"]["topicConfiguration"];
    assert_eq!(settings["cleanup.policy"], json!(["delete"]));
    assert_eq!((&settings["retention.ms"], &settings["max.message.bytes"]), (&json!(604_800_000), &json!(1_048_576)));
    assert_eq!(accounts["tags"], json!(["owner:accounts", "kind:changed-rows"]));
    let change = &accounts["messages"][0];
    assert_eq!(change["format"], AVRO);
    // The parser has read the schemas: it shows payloads as JSON Schema, and keeps the key as it was.
    let row = &change["payload"]["properties"]["before"];
    assert!(row.to_string().contains("loyalty_tier"), "{row}");
    assert_eq!((&change["key"]["type"], &change["key"]["fields"][0]["name"]), (&json!("record"), &json!("id")));

    let profile = &only(&found["channels"], "address", PROFILES)["messages"][0];
    assert_eq!(profile["key"]["type"], "string");
    for header in ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type", "traceparent"] {
        assert!(profile["headers"].as_array().unwrap().contains(&json!(header)), "{header}");
    }
    assert_eq!(change["headers"], json!([]), "a connector's records have none");
}

#[test]
fn the_parser_finds_who_reads_and_who_writes() {
    let found = &read(&[document()])[0];
    for (id, action, topic) in [
        ("publish-profile-updates.send.user.profile.updated", "send", PROFILES),
        ("audit-profile-update.receive.user.profile.updated", "receive", PROFILES),
        ("send-welcome-email.receive.cdc.postgres.public.accounts", "receive", ACCOUNTS),
    ] {
        let operation = only(&found["operations"], "id", id);
        assert_eq!((&operation["action"], &operation["channels"]), (&json!(action), &json!([topic])));
    }
}

#[test]
fn the_parser_refuses_a_document_that_is_broken_anywhere() {
    let accounts = |rest: &str| format!("/channels/{ACCOUNTS}/{rest}");
    let cases = [
        (
            "/operations/publish-profile-updates.send.user.profile.updated/channel/$ref".to_owned(),
            json!("#/channels/user.profile.removed"),
            "'#/channels/user.profile.removed' does not exist",
        ),
        (accounts("bindings/kafka/partitions"), json!(0), "\"partitions\" property must be >= 1"),
        (accounts("bindings/kafka/topicConfiguration/cleanup.policy"), json!("delete"), "must be array"),
        (
            accounts("messages/cdc.postgres.public.accounts-value/payload/schema/type"),
            json!("rekord"),
            "one of the allowed values",
        ),
        (accounts("messages/cdc.postgres.public.accounts-value/bindings/kafka/key/type"), json!(7), "\"type\""),
        ("/info/license/url".to_owned(), json!("not a link"), "\"url\" property must match format \"uri\""),
    ];
    let broken = cases.each_ref().map(|(place, value, _)| {
        let mut document = document();
        *document.pointer_mut(place).unwrap() = value.clone();
        document
    });
    for ((place, _, said), found) in cases.iter().zip(read(&broken)) {
        let errors = found["errors"].to_string().replace("\\\"", "\"");
        assert!(errors.contains(said), "{place}: {errors}");
        assert_eq!(found.get("channels"), None, "{place}");
    }
}
