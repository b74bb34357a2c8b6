//! What is written from the contracts: the catalogue and the AsyncAPI document.

use std::fs;

use schema_tools::contracts::Contracts;
use schema_tools::{asyncapi, catalogue};
use serde_json::{Value as Json, json};

use crate::copy::{Copy, events};

fn written(file: &str) -> String {
    fs::read_to_string(events().join(file)).unwrap()
}

/// The AsyncAPI document of a copy.
fn document(copy: &Copy) -> Json {
    let contracts = Contracts::read(&copy.path("")).unwrap();
    serde_json::from_str(&asyncapi::document(&contracts).unwrap()).unwrap()
}

#[test]
fn both_documents_are_what_contracts_and_schemas_say() {
    let contracts = Contracts::read(&events().join("schemas")).unwrap();
    assert_eq!(catalogue::catalogue(&contracts).unwrap(), written("CATALOGUE.md"), "run `make schemas-docs`");
    assert_eq!(asyncapi::document(&contracts).unwrap(), written("asyncapi.json"), "run `make schemas-docs`");
}

#[test]
fn a_stale_document_fails_and_names_the_command_that_writes_it() {
    let copy = Copy::new();
    copy.edit("../topics/user.profile.updated.json", r#""owner": "profiles""#, r#""owner": "identity""#);
    let (code, out, _) = copy.run(&["docs", "--check"]);
    assert_eq!(code, 1);
    assert_eq!(out.matches("run `make schemas-docs`").count(), 2, "{out}");
    assert_eq!(copy.run(&["docs"]).0, 0);
    assert_eq!(copy.run(&["docs", "--check"]).0, 0);
    assert!(fs::read_to_string(copy.path("../CATALOGUE.md")).unwrap().contains("| owner | **identity** |"));
    assert!(fs::read_to_string(copy.path("../asyncapi.json")).unwrap().contains("owner:identity"));

    for file in ["CATALOGUE.md", "asyncapi.json"] {
        copy.edit(&format!("../{file}"), "identity", "profiles");
        let (code, out, _) = copy.run(&["docs", "--check"]);
        assert_eq!((code, out.matches("run `make schemas-docs`").count()), (1, 1), "{file}: {out}");
        assert_eq!(copy.run(&["docs"]).0, 0);
    }
}

#[test]
fn the_newest_version_and_each_reader_are_in_the_document() {
    let copy = Copy::new();
    let document = document(&copy);
    for contracted in Contracts::read(&copy.path("")).unwrap().topics.contracts.keys() {
        assert_eq!(document["channels"][contracted.as_str()]["address"], contracted.as_str());
    }
    let value = "cdc.postgres.public.accounts-value";
    let message = &document["channels"]["cdc.postgres.public.accounts"]["messages"][value];
    let newest: Json =
        serde_json::from_str(&fs::read_to_string(copy.path(&format!("{value}/v3.avsc"))).unwrap()).unwrap();
    assert_eq!(message["payload"]["schema"], newest);
    let reader = &document["operations"]["send-welcome-email.receive.cdc.postgres.public.accounts"];
    assert_eq!(reader["channel"]["$ref"], "#/channels/cdc.postgres.public.accounts");
}

#[test]
fn a_topic_whose_schemas_are_not_here_has_a_message_without_them() {
    let document = document(&Copy::new());
    let heartbeat = &document["channels"]["__debezium-heartbeat.cdc.mysql"]["messages"]["record"];
    assert_eq!((&heartbeat["contentType"], heartbeat.get("payload")), (&json!("application/avro"), None));
    assert_eq!(heartbeat["bindings"]["kafka"].get("key"), None);
    let history = &document["channels"]["cdc.mysql.schema-history"]["messages"]["record"];
    assert_eq!((&history["contentType"], &history["payload"]["type"]), (&json!("application/json"), &json!("object")));
}

#[test]
fn settings_of_a_compacted_topic_have_the_types_of_the_binding() {
    let copy = Copy::new();
    let topic = "../topics/user.profile.updated.json";
    copy.edit(topic, r#""kind": "facts""#, r#""kind": "compacted_state""#);
    copy.edit(
        topic,
        r#""cleanup.policy": "delete""#,
        r#""cleanup.policy": "compact,delete", "delete.retention.ms": 0"#,
    );
    let settings = &document(&copy)["channels"]["user.profile.updated"]["bindings"]["kafka"]["topicConfiguration"];
    assert_eq!(settings["cleanup.policy"], json!(["compact", "delete"]));
    assert_eq!((&settings["delete.retention.ms"], &settings["retention.ms"]), (&json!(0), &json!(2_592_000_000_i64)));
}
