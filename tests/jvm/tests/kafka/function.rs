//! `publish-profile-updates`, the real binary, with a real Kafka: killed between sending a page and moving the cursor, and
//! with records that Kafka rejects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use demo::{ProfileApi, profile_change};
use end_to_end::Scene;
use local_stack::{Action, Failpoint, Invocation, Target, When};

use crate::broker::Broker;
use crate::cutting::{Cut, CuttingProxy};
use crate::peer;

/// As an environment calls it that puts a prefix before every declared name.
const TOPIC: &str = "staging.user.profile.updated";
const CHANGES: u64 = 60;

#[tokio::test]
async fn killed_before_moving_the_cursor_duplicates_have_equal_ids() {
    let broker = Broker::running().await;
    broker.topic(TOPIC, 3).await;
    let changes = (1..=CHANGES).map(|number| profile_change(number, &format!("u-{}", number % 7), number)).collect();
    let api = ProfileApi::start(changes).await.unwrap();
    // Some answers of Kafka are lost as well.
    let proxy = CuttingProxy::start(broker.proxied[2], |number| (number % 4 == 2).then_some(Cut::Answer)).await;
    let variables = [
        ("PROFILE_API_URL", api.url()),
        ("PROFILE_API_TOKEN", demo::PROFILE_API_TOKEN),
        ("PROFILE_API_TIMEOUT_MS", "500"),
        ("PROFILE_PAGE_SIZE", "20"),
        ("PROFILE_LEASE_SKEW_MS", "0"),
        ("PROFILE_TOPIC", TOPIC),
        ("KAFKA_AUTH", "plaintext"),
        ("KAFKA_BOOTSTRAP_SERVERS", proxy.address()),
        ("KAFKA_DELIVERY_TIMEOUT_MS", "9000"),
        ("PROFILE_CURSOR_TABLE", demo::PROFILE_CURSOR_TABLE),
    ];
    let mut stack = local_stack::Stack::start(&local_stack::Workspace::find().unwrap(), schemas(TOPIC)).await.unwrap();
    for (name, value) in variables {
        stack.set(name, value);
    }
    let scene = Arc::new(Scene::on(stack, "publish-profile-updates", &[]).await.unwrap());
    // The second page is acknowledged, and the cursor has not moved yet.
    let moving = Failpoint::new("about to move on", "UpdateItem", When::Before, Action::Hold);
    let armed = scene.stack.faults.arm(moving.containing("\"c-40\"").times(1));
    let invoking = Arc::clone(&scene);
    let invocation = tokio::spawn(async move { invoking.host.invoke("{}".into()).await });
    armed.reached().await.unwrap();
    scene.host.kill().await;
    assert_eq!(invocation.await.unwrap(), Invocation::Crashed("killed".to_owned()));

    let mut ended = String::new();
    while ended != "caught_up" {
        let Invocation::Answered(answer) = scene.host.invoke("{}".into()).await else { panic!("a run failed") };
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        ended = answer["ended"].as_str().unwrap().to_owned();
    }
    let schema =
        local_stack::Workspace::find().unwrap().root().join("events/schemas/user.profile.updated-value/v1.avsc");
    let found = peer::read(&broker.direct, TOPIC, Some(&schema)).await;
    let mut by_id: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in &found {
        let id = line.header("ce_id");
        assert_eq!(line.decoded["event_id"].as_str(), Some(id.as_str()));
        by_id.entry(id).or_default().insert(line.decoded.to_string());
    }
    assert_eq!(by_id.len() as u64, CHANGES, "no change is lost");
    assert!(by_id.values().all(|contents| contents.len() == 1), "equal ids are equal events");
    assert_eq!(found.len() as u64, CHANGES + 20, "one page was sent again, and nothing else");
    assert!(!proxy.cuts().is_empty());
}

/// The connection to the broker fails in the middle of a page that takes several batches.
#[tokio::test]
async fn a_partly_written_page_continues_after_the_written_records() {
    const TOPIC: &str = "user.profile.interrupted";
    const CHANGES: u64 = 40;
    let broker = Broker::running().await;
    broker.topic(TOPIC, 1).await;
    let changes = (1..=CHANGES).map(|number| {
        let mut change = profile_change(number, "u-1", number);
        // Eight records per batch.
        change["changes"][0]["after"] = "x".repeat(1_900).into();
        change
    });
    let api = ProfileApi::start(changes.collect()).await.unwrap();
    let closed = Arc::new(AtomicBool::new(true));
    let is_closed = Arc::clone(&closed);
    let plan = move |number| (number >= 2 && is_closed.load(Ordering::SeqCst)).then_some(Cut::Request);
    let proxy = CuttingProxy::start(broker.proxied[3], plan).await;
    let variables = [
        ("PROFILE_API_URL", api.url()),
        ("PROFILE_API_TOKEN", demo::PROFILE_API_TOKEN),
        ("PROFILE_TOPIC", TOPIC),
        ("KAFKA_AUTH", "plaintext"),
        ("KAFKA_BOOTSTRAP_SERVERS", proxy.address()),
        ("KAFKA_DELIVERY_TIMEOUT_MS", "6000"),
        ("PROFILE_CURSOR_TABLE", demo::PROFILE_CURSOR_TABLE),
    ];
    let mut stack = local_stack::Stack::start(&local_stack::Workspace::find().unwrap(), schemas(TOPIC)).await.unwrap();
    for (name, value) in variables {
        stack.set(name, value);
    }
    let scene = Scene::on(stack, "publish-profile-updates", &[]).await.unwrap();
    let failed = scene.host.invoke("{}".into()).await;
    let Invocation::Failed(error) = &failed else { panic!("{failed:?}") };
    assert!(String::from_utf8_lossy(error).contains("kafka_unacknowledged"), "{failed:?}");
    let item = scene.stack.aws.items(demo::PROFILE_CURSOR_TABLE).await.unwrap().remove(0);
    let taken: u64 = item["page_done"]["M"]["items"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!(peer::read(&broker.direct, TOPIC, None).await.len() as u64, taken);
    assert!((1..CHANGES).contains(&taken), "{taken}");

    closed.store(false, Ordering::SeqCst);
    let Invocation::Answered(answer) = scene.host.invoke("{}".into()).await else { panic!("{}", scene.host.output()) };
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((&answer["published"], &answer["ended"]), (&(CHANGES - taken).into(), &"caught_up".into()));
    let found = peer::read(&broker.direct, TOPIC, None).await;
    let times: Vec<_> = found.iter().map(|line| line.header("ce_time")).collect();
    assert!(times.len() as u64 == CHANGES && times.is_sorted(), "each once, in order");
}

/// Between two good items: one that the topic rejects, one from the future, and one that is not a change.
#[tokio::test]
async fn rejected_records_are_dead_lettered_and_the_feed_goes_on() {
    const TOPIC: &str = "user.profile.limited";
    let broker = Broker::running().await;
    broker.topic_with(TOPIC, 1, &["max.message.bytes=10000"]).await;
    let mut changes: Vec<_> = (1..=5).map(|number| profile_change(number, "u-1", number)).collect();
    changes[1]["changes"][0]["after"] = "x".repeat(20_000).into();
    changes[2]["changed_at"] = "9999-12-31T23:59:59Z".into();
    changes[3]["revision"] = "four".into();
    let api = ProfileApi::start(changes).await.unwrap();
    let variables = [
        ("PROFILE_API_URL", api.url()),
        ("PROFILE_API_TOKEN", demo::PROFILE_API_TOKEN),
        ("PROFILE_TOPIC", TOPIC),
        ("KAFKA_AUTH", "plaintext"),
        ("KAFKA_BOOTSTRAP_SERVERS", &broker.direct),
        ("KAFKA_DELIVERY_TIMEOUT_MS", "6000"),
        ("PROFILE_CURSOR_TABLE", demo::PROFILE_CURSOR_TABLE),
    ];
    let mut stack = local_stack::Stack::start(&local_stack::Workspace::find().unwrap(), schemas(TOPIC)).await.unwrap();
    for (name, value) in variables {
        stack.set(name, value);
    }
    let scene = Scene::on(stack, "publish-profile-updates", &[]).await.unwrap();
    let Invocation::Answered(answer) = scene.host.invoke("{}".into()).await else { panic!("{}", scene.host.output()) };
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, serde_json::json!({"pages": 1, "published": 2, "parked": 3, "ended": "caught_up"}));
    let found = peer::read(&broker.direct, TOPIC, None).await;
    let times: Vec<_> = found.iter().map(|line| line.header("ce_time")).collect();
    assert_eq!(times, ["2026-11-20T10:00:01Z", "2026-11-20T10:00:05Z"]);
    let letters = scene.dead_letters().await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter["error"]["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["item_from_future", "item_unreadable", "kafka_record_too_large"]);
}

/// The schemas of the repository, with the schema of the events also under the topic of a test.
pub(crate) fn schemas(topic: &str) -> BTreeMap<u32, recordings::RegisteredSchema> {
    let mut schemas = local_stack::repository_schemas(&local_stack::Workspace::find().unwrap()).unwrap();
    let events = schemas.values().find(|schema| schema.subject == "user.profile.updated-value").unwrap().clone();
    schemas.insert(4_711, recordings::RegisteredSchema { subject: format!("{topic}-value"), version: 1, ..events });
    schemas
}
