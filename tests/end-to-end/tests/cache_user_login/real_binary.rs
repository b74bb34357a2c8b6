//! The real binary with an emulated table.

use std::collections::BTreeMap;

use demo::LOGINS_TABLE;
use end_to_end::{Scene, dynamodb, query, readme_queries, sample};
use fastrand::Rng;
use local_stack::{EventRecord, RecordedLog, Rules, Target, deliver, local_rules};
use serde_json::Value;

use crate::{FUNCTION, Login, deleted, deliveries, final_state, records};

async fn scene() -> Scene {
    Scene::start(FUNCTION, &[]).await.unwrap()
}

async fn delivered(scene: &Scene, records: Vec<EventRecord>) {
    let rules = Rules { batch_size: 40, ..local_rules() };
    let (mut log, expected) = (RecordedLog::of(records.clone()), records.len());
    let delivery = deliver(&mut log, &scene.host, rules, |_| ()).await;
    assert_eq!((delivery.records, delivery.invocations), (expected, delivery.batches));
    assert!(delivery.gave_up.is_empty() && delivery.failures.is_empty(), "{:?}", delivery.failures);
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

/// The table's logins, and its tombstones.
async fn table(scene: &Scene) -> (BTreeMap<String, Login>, BTreeMap<String, Value>) {
    let text = |value: &Value| value["S"].as_str().map(str::to_owned);
    let mut tombstones = BTreeMap::new();
    let mut logins = BTreeMap::new();
    for item in scene.stack.aws.items(LOGINS_TABLE).await.unwrap() {
        let id = text(&item["pk"]).unwrap();
        if item.get("deleted_at").is_some() {
            tombstones.insert(id, item);
        } else {
            let at = text(&item["at"]).map(|at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
            logins.insert(id, (text(&item["user"]), at, text(&item["ip"]), text(&item["user_agent"])));
        }
    }
    (logins, tombstones)
}

#[tokio::test]
async fn in_order_delivery_takes_one_put_per_change_and_no_read() {
    let scene = scene().await;
    delivered(&scene, records()).await;
    let (logins, tombstones) = table(&scene).await;
    assert_eq!(logins, final_state());
    assert!(tombstones.keys().eq(&deleted()));
    for tombstone in tombstones.values() {
        assert!(tombstone.get("version").is_some() && tombstone.get("expires_at").is_some(), "{tombstone}");
        assert!(tombstone.get("user").is_none(), "the index must not contain {tombstone}");
    }
    let outcomes = scene.outcomes();
    assert_eq!(scene.stack.faults.calls("PutItem"), outcomes.done + outcomes.duplicate);
    for other in ["GetItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"] {
        assert_eq!(scene.stack.faults.calls(other), 0, "{other}");
    }
}

#[tokio::test]
async fn delivery_shuffled_across_keys_gives_the_final_state() {
    let scene = scene().await;
    delivered(&scene, deliveries::shuffled(&records(), &mut Rng::with_seed(1))).await;
    assert_eq!(table(&scene).await.0, final_state());
}

#[tokio::test]
async fn duplicate_delivery_gives_the_final_state() {
    let scene = scene().await;
    delivered(&scene, deliveries::duplicated(&records(), &mut Rng::with_seed(2))).await;
    assert_eq!(table(&scene).await.0, final_state());
}

#[tokio::test]
async fn late_changes_give_the_final_state() {
    let scene = scene().await;
    delivered(&scene, deliveries::with_late_changes(&records(), &mut Rng::with_seed(3))).await;
    assert_eq!(table(&scene).await.0, final_state());
    // A second delivery of all records writes nothing, because no record is newer.
    let done = scene.outcomes().done;
    delivered(&scene, records()).await;
    assert_eq!(table(&scene).await.0, final_state());
    assert_eq!(scene.outcomes().done, done);
}

#[tokio::test]
async fn the_query_of_the_readme_finds_the_last_login_of_a_user() {
    let scene = scene().await;
    delivered(&scene, records()).await;
    let client = dynamodb(scene.stack.aws.endpoint()).await;
    let mut last: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for (id, (user, at, ..)) in final_state() {
        let (user, login) = (user.unwrap(), (at.unwrap(), id));
        if last.get(&user).is_none_or(|known| *known < login) {
            last.insert(user, login);
        }
    }
    let query_input = &readme_queries(FUNCTION).unwrap()[0];
    assert!(last.len() > 20);
    for (user, (_, id)) in last {
        let mut input = query_input.clone();
        input["ExpressionAttributeValues"][":user"]["S"] = user.into();
        let found = query(&client, &input).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["pk"].as_s().unwrap(), &id);
    }
}

#[tokio::test]
async fn every_sample_event_has_the_expected_outcome() {
    let scene = scene().await;
    for (name, done, duplicate, skipped) in [
        ("created", 1, 0, 0),
        ("created", 1, 1, 0),
        ("updated", 2, 1, 0),
        ("late-change", 2, 2, 0),
        ("snapshot-read", 3, 2, 0),
        ("not-a-number", 4, 2, 0),
        ("document-gone", 4, 2, 1),
        ("deleted", 5, 2, 2),
        ("heartbeat", 5, 2, 3),
    ] {
        let answer = scene.host.invoke(sample(FUNCTION, name).unwrap().into()).await;
        assert!(matches!(answer, local_stack::Invocation::Answered(_)), "{name}: {answer:?}");
        let outcomes = scene.outcomes();
        let skips = outcomes.skipped.values().sum::<usize>();
        assert_eq!((outcomes.done, outcomes.duplicate, skips), (done, duplicate, skipped), "after {name}");
    }
    assert!(scene.dead_letters().await.unwrap().is_empty());
}
