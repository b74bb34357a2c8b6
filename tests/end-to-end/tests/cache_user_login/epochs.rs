//! Repairs the table after changes were lost between MongoDB and the topic: a higher epoch, a new snapshot, a sweep.

use std::collections::BTreeMap;
use std::path::PathBuf;

use demo::LOGINS_TABLE;
use end_to_end::Scene;
use local_stack::{Action, Answer, EventRecord, Failpoint, Invocation, Origin, Target, When, Workspace, build, event};
use recordings::encode_framed;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::{FUNCTION, TOPIC, recording, records};

/// A record of the topic, made from a recorded one.
struct Made {
    record: EventRecord,
    value: Value,
}

impl Made {
    fn new() -> Self {
        let recording = recording();
        let recorded = recording.of_topic(TOPIC).zip(records());
        let mut inserts = recorded.filter(|(recorded, _)| recorded.expected().value["op"] == "c");
        let (recorded, record) = inserts.next().unwrap();
        Made { record, value: recorded.expected().value.clone() }
    }

    /// A change of a document; a snapshot read if `op` is `r`.
    fn change(&self, op: &str, id: &str, (ts_ms, ord): (i64, i32), ip: Option<&str>) -> EventRecord {
        let mut value = self.value.clone();
        value["op"] = op.into();
        value["after"] =
            ip.map_or(Value::Null, |ip| json!(format!(r#"{{"_id": "{id}","userId": "u1","ip": "{ip}"}}"#)));
        let source = &mut value["source"];
        (source["ts_ms"], source["ord"]) = (ts_ms.into(), ord.into());
        source["snapshot"] = if op == "r" { "true" } else { "false" }.into();
        let framed = |subject: &str, value: &Value| {
            let schemas = recording().schemas;
            let (id, schema) = schemas.iter().find(|(_, schema)| schema.subject == subject).unwrap();
            Some(Some(base64_simd::STANDARD.encode_to_string(encode_framed(*id, &schema.schema, value).unwrap())))
        };
        EventRecord {
            key: framed("cdc.mongodb.users.login-key", &json!({"id": json!(id).to_string()})),
            value: framed("cdc.mongodb.users.login-value", &value),
            ..self.record.clone()
        }
    }

    fn read(&self, id: &str, ip: &str) -> EventRecord {
        self.change("r", id, (0, 0), Some(ip))
    }
}

async fn deliver(host: &impl Target, records: Vec<EventRecord>) {
    let records: Vec<_> =
        (0..).zip(records).map(|(offset, record)| EventRecord { partition: 0, offset, ..record }).collect();
    let answer = host.invoke(event(Origin::Msk, &records)).await;
    assert!(matches!(answer, Invocation::Answered(_)), "{answer:?}");
}

/// The addresses by document, without tombstones.
async fn table(scene: &Scene) -> BTreeMap<String, String> {
    let items = scene.stack.aws.items(LOGINS_TABLE).await.unwrap();
    let text = |value: &Value| value["S"].as_str().unwrap().to_owned();
    let rows = items.iter().filter(|item| item.get("expires_at").is_none());
    rows.map(|item| (text(&item["pk"]).replace('"', ""), text(&item["ip"]))).collect()
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(id, ip)| ((*id).to_owned(), (*ip).to_owned())).collect()
}

async fn sweep(scene: &Scene, arguments: &[&str]) -> (i32, String) {
    let output = sweeping(scene, arguments).await.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or(-1), format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

async fn sweeping(scene: &Scene, arguments: &[&str]) -> Command {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built =
        BINARY.get_or_init(|| async { build(&Workspace::find().unwrap(), &["sweep-rows"]).await.unwrap().remove(0) });
    let mut command = Command::new(built.await);
    command.args(["--table", LOGINS_TABLE]).args(arguments).envs(scene.stack.environment());
    command
}

#[tokio::test]
async fn after_an_oplog_gap_epoch_snapshot_and_sweep_repair_the_table() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let made = Made::new();
    let streamed = |op: &str, id: &str, at, ip| made.change(op, id, at, ip);
    deliver(
        &scene.host,
        vec![
            made.read("untouched", "192.0.2.1"),
            made.read("deleted", "192.0.2.2"),
            streamed("c", "updated", (1_795_422_522_500, 1), Some("192.0.2.3")),
            streamed("c", "deleted-in-stream", (1_795_422_522_501, 2), Some("192.0.2.4")),
            streamed("d", "deleted-in-stream", (1_795_422_522_502, 3), None),
            streamed("u", "deleted", (1_795_422_522_503, 4), Some("192.0.2.5")),
            // Another primary whose clock is two seconds slow: its change counts as older.
            streamed("c", "failed-over", (1_795_422_523_500, 5), Some("192.0.2.6")),
            streamed("u", "failed-over", (1_795_422_521_500, 6), Some("192.0.2.66")),
        ],
    )
    .await;
    // The connector was down for longer than the oplog keeps changes, and `deleted` was deleted meanwhile.
    let snapshot = || {
        vec![
            made.read("untouched", "192.0.2.1"),
            made.read("updated", "192.0.2.33"),
            made.read("failed-over", "192.0.2.66"),
            made.read("inserted", "192.0.2.7"),
        ]
    };
    deliver(&scene.host, snapshot()).await;
    let stale = table(&scene).await;
    assert_eq!((stale["updated"].as_str(), stale["failed-over"].as_str()), ("192.0.2.3", "192.0.2.6"));

    // The sweep removes nothing before the epoch is raised and its snapshot is read.
    let (code, text) = sweep(&scene, &["--before-epoch", "1", "--yes"]).await;
    assert!(code == 3 && text.contains("epoch 1"), "{code}: {text}");
    assert_eq!(table(&scene).await, stale);

    let raised = scene.another_host(&[("VERSION_EPOCH", "1")]).await.unwrap();
    deliver(&raised, snapshot()).await;
    let (code, text) = sweep(&scene, &["--before-epoch", "1"]).await;
    assert!(code == 0 && text.contains("of an older one, to be removed: 1"), "{code}: {text}");
    assert!(text.contains("tombstones: 1") && !text.contains("deleted-in"), "{text}");
    assert!(table(&scene).await.contains_key("deleted"), "a dry run");
    let (code, text) = sweep(&scene, &["--before-epoch", "1", "--yes"]).await;
    assert_eq!(code, 0, "{text}");
    let collection = [
        ("failed-over", "192.0.2.66"),
        ("inserted", "192.0.2.7"),
        ("untouched", "192.0.2.1"),
        ("updated", "192.0.2.33"),
    ];
    assert_eq!(table(&scene).await, rows(&collection));
    // Streamed changes still take effect.
    deliver(&raised, vec![streamed("u", "updated", (1_795_422_530_500, 1), Some("192.0.2.34"))]).await;
    assert_eq!(table(&scene).await["updated"], "192.0.2.34");
    let (code, text) = sweep(&scene, &["--before-epoch", "1", "--yes", "--json"]).await;
    assert!(code == 0 && text.contains("\"older\": 0"), "{code}: {text}");
}

#[tokio::test]
async fn at_the_turn_of_a_second_the_last_emitted_change_wins() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let made = Made::new();
    // Within one millisecond the second of the cluster's time changes, and its counter starts again.
    let turn = |op: &str, id: &str, ord, ip| made.change(op, id, (1_795_422_522_999, ord), ip);
    let stream = || {
        vec![
            turn("c", "updated", 812, Some("192.0.2.1")),
            turn("u", "updated", 813, Some("192.0.2.2")),
            turn("u", "updated", 2, Some("192.0.2.3")),
            turn("c", "deleted", 814, Some("192.0.2.4")),
            turn("d", "deleted", 3, None),
            // The clock is set back within a second; the counter continues.
            made.change("c", "failed-over", (1_795_422_523_540, 57), Some("192.0.2.5")),
            made.change("u", "failed-over", (1_795_422_523_510, 58), Some("192.0.2.6")),
        ]
    };
    // Delivered twice from the beginning, as after a restart of the connector.
    for _ in 0..2 {
        deliver(&scene.host, stream()).await;
        assert_eq!(table(&scene).await, rows(&[("failed-over", "192.0.2.6"), ("updated", "192.0.2.3")]));
    }
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

/// Writes rows of epoch 0, as many of epoch 1, and a tombstone.
async fn many_rows(scene: &Scene, count: usize) {
    let put = async |key: String, epoch: u64, more: Value| {
        let version = format!("{epoch:020}.{:020}.{:020}.{:020}", 5, 1, 0);
        let mut item = json!({"pk": {"S": key}, "version": {"S": version}, "version_log": {"S": "mongodb"}});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let put = json!({"TableName": LOGINS_TABLE, "Item": item});
        scene.stack.aws.call("DynamoDB_20120810.PutItem", &put).await.unwrap();
    };
    for number in 0..count {
        put(format!("secret-old-{number}"), 0, json!({})).await;
        put(format!("secret-new-{number}"), 1, json!({})).await;
    }
    put("secret-tombstone".to_owned(), 0, json!({"expires_at": {"N": "4000000000"}})).await;
}

async fn left(scene: &Scene) -> (usize, usize) {
    let items = scene.stack.aws.items(LOGINS_TABLE).await.unwrap();
    let of = |start: &str| items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with(start)).count();
    assert_eq!(of("secret-tombstone"), 1);
    (of("secret-old"), of("secret-new"))
}

#[tokio::test]
async fn an_interrupted_sweep_continues_at_its_position() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    many_rows(&scene, 20).await;
    let folder = tempfile::tempdir().unwrap();
    let position = folder.path().join("position");
    let position = position.to_str().unwrap();
    let options = ["--before-epoch", "1", "--yes", "--page", "7", "--rate", "1000", "--position", position];

    let (code, text) = sweep(&scene, &[&options[..], &["--at-most", "4"]].concat()).await;
    assert!(code == 4 && text.contains("of an older one, removed: 4"), "{code}: {text}");
    assert_eq!(left(&scene).await, (16, 20));

    let denied = Failpoint::new("down", "DeleteItem", When::Before, Action::Answer(Answer::THROTTLED));
    let denied = scene.stack.faults.arm(denied);
    let (code, text) = sweep(&scene, &options).await;
    assert!(code == 5 && !text.contains("secret"), "{code}: {text}");
    denied.disarm();
    assert_eq!(left(&scene).await, (16, 20));

    // Killed during a request: the next sweep finds the row gone, or removes it.
    let under_way = Failpoint::new("under way", "DeleteItem", When::After, Action::Hold).times(1);
    let under_way = scene.stack.faults.arm(under_way);
    let mut killed = sweeping(&scene, &options).await.spawn().unwrap();
    under_way.reached().await.unwrap();
    killed.kill().await.unwrap();
    under_way.release();

    // Interrupted during a request: the sweep finishes it and starts no other.
    let under_way = Failpoint::new("under way", "DeleteItem", When::Before, Action::Hold).times(1);
    let under_way = scene.stack.faults.arm(under_way);
    let mut interrupted = sweeping(&scene, &options).await;
    let mut interrupted = interrupted.stderr(std::process::Stdio::piped()).spawn().unwrap();
    under_way.reached().await.unwrap();
    let id = nix::unistd::Pid::from_raw(i32::try_from(interrupted.id().unwrap()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut stderr = tokio::io::BufReader::new(interrupted.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("finishing") {
        line.clear();
        assert!(tokio::io::AsyncBufReadExt::read_line(&mut stderr, &mut line).await.unwrap() > 0);
    }
    under_way.release();
    assert_eq!(interrupted.wait().await.unwrap().code(), Some(130));
    assert_eq!(left(&scene).await, (14, 20));

    let (code, text) = sweep(&scene, &options).await;
    assert!(code == 0 && !text.contains("secret"), "{code}: {text}");
    assert_eq!(left(&scene).await, (0, 20));
    assert!(!std::path::Path::new(position).exists());
}

#[tokio::test]
async fn rows_written_during_a_sweep_stay() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    many_rows(&scene, 1).await;
    let under_way = Failpoint::new("under way", "DeleteItem", When::Before, Action::Hold).times(1);
    let under_way = scene.stack.faults.arm(under_way);
    let sweeping =
        sweeping(&scene, &["--before-epoch", "1", "--yes"]).await.stdout(std::process::Stdio::piped()).spawn();
    under_way.reached().await.unwrap();
    let version = format!("{:020}.{:020}.{:020}.{:020}", 1, 6, 1, 0);
    let item = json!({"pk": {"S": "secret-old-0"}, "version": {"S": version}, "version_log": {"S": "mongodb"}});
    let put = json!({"TableName": LOGINS_TABLE, "Item": item});
    scene.stack.aws.call("DynamoDB_20120810.PutItem", &put).await.unwrap();
    under_way.release();
    let output = sweeping.unwrap().wait_with_output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(0) && text.contains("written or gone meanwhile: 1"), "{text}");
    assert_eq!(left(&scene).await, (1, 1));
}

#[tokio::test]
async fn each_end_of_a_sweep_has_its_exit_code() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    many_rows(&scene, 2).await;
    assert_eq!(sweep(&scene, &[]).await.0, 2);
    assert_eq!(sweep(&scene, &["--before-epoch", "0"]).await.0, 2);
    assert_eq!(sweep(&scene, &["--before-epoch", "2", "--yes"]).await.0, 3);
    let (code, text) = sweep(&scene, &["--before-epoch", "1", "--table", "nowhere"]).await;
    assert!(code == 2 || (code == 5 && text.contains("nowhere")), "{code}: {text}");
    let newer = json!({
        "TableName": LOGINS_TABLE,
        "Key": {"pk": {"S": "secret-old-1"}},
        "UpdateExpression": "SET #f = :f",
        "ExpressionAttributeNames": {"#f": "format"},
        "ExpressionAttributeValues": {":f": {"N": "99"}},
    });
    scene.stack.aws.call("DynamoDB_20120810.UpdateItem", &newer).await.unwrap();
    let (code, text) = sweep(&scene, &["--before-epoch", "1", "--yes"]).await;
    assert!(code == 1 && text.contains("left alone, item_format_unknown: 1"), "{code}: {text}");
    assert_eq!(left(&scene).await, (1, 2));
}
