//! What is planned, and what the cluster has after it was applied.

use serde_json::json;

use crate::cluster::Cluster;
use crate::command::{Contracts, topics};

const DECLARED: [&str; 4] =
    ["cleanup.policy=delete", "max.message.bytes=65536", "message.timestamp.type=CreateTime", "retention.ms=86400000"];

#[tokio::test]
async fn a_missing_topic_is_made_and_then_equal() {
    let (cluster, topic) = (Cluster::connect().await, "made.topic.new");
    let contracts = Contracts::of(&[topic]);
    topics(&contracts, &["plan"]).await.says(1, &["made.topic.new: create it with 3 partitions", "1 change"]);
    let asked = topics(&contracts, &["apply"]).await;
    asked
        .says(1, &["made.topic.new: create it with 3 partitions", "nothing was changed; `topics apply --yes` does it"]);
    assert_eq!(cluster.shown(topic).await, None);

    let arguments = ["apply", "--yes", "--replication-factor", "1", "--min-insync-replicas", "1"];
    let applied = topics(&contracts, &arguments).await;
    applied.says(0, &["with replication factor 1, min.insync.replicas=1 of this environment", "1 topic done"]);
    assert!(applied.error.contains("made.topic.new: done"), "{applied:?}");
    let shown = cluster.shown(topic).await.unwrap();
    assert_eq!(
        (shown.partitions, shown.settings()),
        (3, [DECLARED[0], DECLARED[1], DECLARED[2], "min.insync.replicas=1", DECLARED[3]].map(str::to_owned).to_vec())
    );
    for command in ["plan", "apply"] {
        topics(&contracts, &[command]).await.says(0, &["1 topics: the cluster has what their contracts say"]);
    }
    topics(&contracts, &["apply", "--yes"]).await.says(0, &["the cluster has what"]);
}

#[tokio::test]
async fn settings_that_no_contract_names_are_kept() {
    let (cluster, topic) = (Cluster::connect().await, "kept.settings.foreign");
    let foreign = [("segment.ms", "3600000"), ("retention.bytes", "1000000"), ("compression.type", "zstd")];
    let given = [&foreign[..], &[("retention.ms", "3600000"), ("max.message.bytes", "2048")]].concat();
    cluster.create(topic, 3, &given).await;
    let contracts = Contracts::of(&[topic]);
    let planned = topics(&contracts, &["plan"]).await;
    planned.says(
        1,
        &["set retention.ms from 3600000 to 86400000", "set max.message.bytes from 2048 to 65536", "2 changes"],
    );
    topics(&contracts, &["apply", "--yes"]).await.says(0, &["1 topic done", "the cluster has what the contracts say"]);
    let own = cluster.shown(topic).await.unwrap().own;
    assert!(foreign.iter().all(|(key, value)| own[*key] == *value), "{own:?}");
    assert_eq!((own["retention.ms"].as_str(), own["max.message.bytes"].as_str()), ("86400000", "65536"));
}

#[tokio::test]
async fn partitions_are_added_and_never_removed() {
    let (cluster, topic) = (Cluster::connect().await, "more.partitions.added");
    let contracts = Contracts::of(&[topic]);
    topics(&contracts, &["apply", "--yes"]).await.says(0, &[]);
    contracts.change(topic, |contract| contract["partitions"] = json!(5));
    let warned = ["add partitions, from 3 to 5", "warning: a key's later records may be in another partition"];
    topics(&contracts, &["apply", "--yes"]).await.says(0, &warned);
    assert_eq!(cluster.shown(topic).await.unwrap().partitions, 5);

    contracts.change(topic, |contract| {
        contract["partitions"] = json!(2);
        contract["config"]["max.message.bytes"] = json!(131_072);
    });
    let refused = topics(&contracts, &["apply", "--yes", "--allow-data-loss"]).await;
    refused.says(4, &["refused to lower the partitions from 5 to 2", "nothing is changed while anything is refused"]);
    let shown = cluster.shown(topic).await.unwrap();
    assert_eq!((shown.partitions, shown.own["max.message.bytes"].as_str()), (5, "65536"), "not even in part");
}

#[tokio::test]
async fn a_shorter_retention_needs_the_flag() {
    let (cluster, topic) = (Cluster::connect().await, "shorter.retention.asked");
    let contracts = Contracts::of(&[topic]);
    topics(&contracts, &["apply", "--yes"]).await.says(0, &[]);
    contracts.change(topic, |contract| contract["config"]["retention.ms"] = json!(3_600_000));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        topics(&contracts, command)
            .await
            .says(4, &["refused to set retention.ms from 86400000 to 3600000", "allow data loss"]);
    }
    assert_eq!(cluster.shown(topic).await.unwrap().own["retention.ms"], "86400000");
    topics(&contracts, &["apply", "--yes", "--allow-data-loss"]).await.says(0, &["1 topic done"]);
    assert_eq!(cluster.shown(topic).await.unwrap().own["retention.ms"], "3600000");
}

#[tokio::test]
async fn a_topic_that_was_just_deleted_is_made_again() {
    let (cluster, topic) = (Cluster::connect().await, "gone.topic.again");
    let contracts = Contracts::of(&[topic]);
    for _ in 0..5 {
        topics(&contracts, &["apply", "--yes"]).await.says(0, &["1 topic done"]);
        cluster.delete(topic).await;
    }
}

#[tokio::test]
async fn the_plan_is_a_document_for_programs() {
    let (cluster, topic) = (Cluster::connect().await, "json.topic.planned");
    cluster.create("json.topic.unknown", 1, &[]).await;
    let contracts = Contracts::of(&[topic]);
    let planned = topics(&contracts, &["plan", "--json"]).await;
    assert_eq!(planned.code, 1);
    let json = planned.json();
    let change = &json["plan"]["changes"][0];
    assert_eq!(
        (&change["topic"], &change["action"], &change["partitions"]),
        (&json!(topic), &json!("create"), &json!(3))
    );
    assert_eq!(change["config"]["retention.ms"], "86400000");
    assert!(json["plan"]["undeclared"].as_array().unwrap().contains(&json!("json.topic.unknown")), "{json}");
    assert_eq!(json["applied"], json!(null));

    let applied = topics(&contracts, &["apply", "--yes", "--json"]).await;
    assert_eq!(applied.code, 0);
    let json = applied.json();
    assert_eq!((&json["applied"]["done"], &json["applied"]["shown"]), (&json!([topic]), &json!(true)));
    assert_eq!(json["applied"]["left"]["changes"], json!([]));
    assert!(cluster.names().await.contains(&"json.topic.unknown".to_owned()), "nothing is deleted");
}
