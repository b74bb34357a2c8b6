//! A manifest is computed from what a function runs with: it changes with the source, and nothing else has to be edited.

use event_functions::{
    ActionUse, AppendOnce, AvroRead, Batch, Config, Entry, Event, Failed, Function, Index, KeepNewest, Limits, Table,
    Timestamp, When, item,
};
use serde_json::{Value, json};

#[derive(Clone, AvroRead, serde::Serialize)]
struct Ticket {}

const TOPIC: &str = "cdc.mysql.desk.tickets";

/// The same configuration with another variable, and another default.
macro_rules! config {
    ($name:ident, $variable:literal, $default:literal) => {
        #[derive(Config)]
        struct $name {
            /// DynamoDB table of the tickets.
            #[env($variable)]
            table: Table,
            /// Tickets a second.
            #[env("RATE", default = $default)]
            #[expect(dead_code, reason = "only declared")]
            rate: u32,
        }

        impl AsRef<Table> for $name {
            fn as_ref(&self) -> &Table {
                &self.table
            }
        }
    };
}

config!(Plain, "TICKETS_TABLE", "5");
config!(Renamed, "OPEN_TICKETS_TABLE", "5");
config!(Faster, "TICKETS_TABLE", "50");

fn kept<C: event_functions::Configuration + AsRef<Table> + 'static>() -> Function {
    let function = Function::new("index-tickets").changes::<Ticket>(TOPIC);
    function.effect(|config: &C, aws| KeepNewest::in_table(aws, config.as_ref(), |_| item! {}))
}

fn json(function: &Function) -> Value {
    serde_json::to_value(function.manifest()).unwrap()
}

fn variable<'a>(manifest: &'a Value, name: &str) -> Option<&'a Value> {
    manifest["variables"].as_array().unwrap().iter().find(|variable| variable["name"] == name)
}

#[test]
fn a_renamed_variable_renames_its_table() {
    let [before, after] = [json(&kept::<Plain>()), json(&kept::<Renamed>())];
    assert_eq!(
        (&before["tables"][0]["variable"], &before["tables"][0]["name"]),
        (&"TICKETS_TABLE".into(), &"tickets".into())
    );
    assert_eq!(after["tables"][0]["name"], "open-tickets");
    assert!(variable(&after, "TICKETS_TABLE").is_none());
    assert_eq!(variable(&after, "OPEN_TICKETS_TABLE").unwrap()["resource"], "table");
}

#[test]
fn a_changed_default_is_the_only_change() {
    let [before, mut after] = [json(&kept::<Plain>()), json(&kept::<Faster>())];
    let at = after["variables"].as_array().unwrap().iter().position(|variable| variable["name"] == "RATE").unwrap();
    assert_eq!(after["variables"][at]["default"], "50");
    after["variables"][at]["default"] = "5".into();
    assert_eq!(before, after);
}

#[test]
fn another_effect_takes_other_tables_rights_and_variables() {
    let kept = json(&kept::<Plain>());
    let appended =
        Function::new("index-tickets").events::<Ticket>("desk.ticket.opened").effect(|config: &Plain, aws| {
            let entry = |_: &Event<'_, Ticket>| -> Result<Entry, Failed> {
                Ok(Entry::new("a", Timestamp::UNIX_EPOCH, "b", item! {}))
            };
            AppendOnce::in_table(aws, &config.table.with_person(&["pk"]), entry)
        });
    let appended = json(&appended);
    assert_eq!(kept["tables"][0]["actions"], json!(["dynamodb:PutItem", "dynamodb:UpdateItem"]));
    assert_eq!(appended["tables"][0]["actions"], json!(["dynamodb:PutItem"]));
    assert_eq!((&kept["tables"][0]["sort_key"], &appended["tables"][0]["sort_key"]), (&Value::Null, &"sk".into()));
    assert_eq!((&kept["tables"][0]["person"], &appended["tables"][0]["person"]), (&json!([]), &json!(["pk"])));
    assert!(variable(&kept, "TOMBSTONE_DAYS").is_some() && variable(&appended, "TOMBSTONE_DAYS").is_none());
    assert!(variable(&kept, "RETENTION_DAYS").is_none() && variable(&appended, "RETENTION_DAYS").is_some());
    assert_eq!((&kept["trigger"]["key_format"], &appended["trigger"]["key_format"]), (&"avro".into(), &"text".into()));
}

#[test]
fn limits_batches_and_indexes_are_those_of_the_source() {
    let function = Function::new("index-tickets")
        .limits(Limits { memory_mb: 512, timeout_seconds: 90 })
        .batch(Batch { records: 500, window_seconds: 5 })
        .changes::<Ticket>(TOPIC)
        .effect(|config: &Plain, aws| {
            let by_rate = Index { name: "by_rate", partition_key: "rate", sort_key: "at" };
            KeepNewest::indexed(aws, &config.table, &[by_rate], |_| item! {})
        });
    let manifest = json(&function);
    assert_eq!(manifest["limits"], json!({"memory_mb": 512, "timeout_seconds": 90}));
    assert_eq!(manifest["trigger"]["batch"], json!({"records": 500, "window_seconds": 5}));
    assert_eq!(
        manifest["tables"][0]["indexes"],
        json!([{"name": "by_rate", "partition_key": "rate", "sort_key": "at"}])
    );
    assert_eq!(manifest["trigger"]["redrive_within_seconds"], 30 * 24 * 3600);
}

#[test]
fn actions_say_on_what_and_in_which_case() {
    let function = Function::new("index-tickets").changes::<Ticket>(TOPIC).effect(|config: &Plain, aws| {
        let by_role = Some(When { variable: "KAFKA_AUTH", is: "msk-iam" });
        aws.uses(ActionUse { when: by_role, ..ActionUse::on(&["kafka-cluster:WriteData"], "topic/${TOPIC}") });
        KeepNewest::in_table(aws, &config.table, |_| item! {})
    });
    let actions = json(&function)["actions"].take();
    let actions = actions.as_array().unwrap();
    let declared = |wanted: Value| assert!(actions.contains(&wanted), "{wanted} is not in {actions:#?}");
    declared(json!({
        "actions": ["kafka-cluster:WriteData"], "resource": "topic/${TOPIC}",
        "when": {"variable": "KAFKA_AUTH", "is": "msk-iam"},
    }));
    declared(json!({"actions": ["sqs:SendMessage"], "resource": "${DEAD_LETTER_QUEUE_URL}"}));
    declared(json!({"actions": ["s3:PutObject"], "resource": "${DEAD_LETTER_BUCKET}/*"}));
    declared(json!({
        "actions": ["glue:GetSchemaVersion"], "resource": "*",
        "when": {"variable": "SCHEMA_REGISTRY_KIND", "is": "glue"},
    }));
    let password = "${SCHEMA_REGISTRY_PASSWORD_SECRET_ARN}";
    declared(json!({"actions": ["secretsmanager:GetSecretValue"], "resource": password}));
}
