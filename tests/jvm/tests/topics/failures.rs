//! Clusters that do not answer, changes that they refuse, and Ctrl-C.

use std::process::Stdio;
use std::time::Duration;

use jvm_peers::free_ports;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::cluster::Cluster;
use crate::command::{Contracts, command, topics, topics_at};

#[tokio::test]
async fn a_broker_that_is_down_ends_with_69_and_one_line() {
    let [port] = free_ports().unwrap();
    let nobody = format!("127.0.0.1:{port}");
    let contracts = Contracts::of(&["down.broker.nobody"]);
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let ended = topics_at(&nobody, &contracts, command, &[]).await;
        ended.says(69, &[&nobody, "refused", "Is a broker there"]);
        assert_eq!((ended.out.as_str(), ended.error.lines().count()), ("", 1), "{ended:?}");
    }
}

#[tokio::test]
async fn contracts_that_do_not_hold_end_with_78_before_anything_is_asked() {
    let contracts = Contracts::of(&["broken.contract.named"]);
    contracts.change("broken.contract.named", |contract| contract["partitions"] = json!(0));
    topics_at("127.0.0.1:1", &contracts, &["plan"], &[]).await.says(78, &["broken.contract.named: /partitions"]);
    let missing = ["plan", "--names", "/no/such/file.json"];
    topics_at("127.0.0.1:1", &Contracts::of(&["a.b.c"]), &missing, &[]).await.says(78, &["/no/such/file.json"]);
    let usage = ["plan", "--replication-factor", "1", "--min-insync-replicas", "2"];
    topics_at("127.0.0.1:1", &Contracts::of(&["a.b.c"]), &usage, &[]).await.says(2, &["nothing could be written"]);
}

#[tokio::test]
async fn what_the_cluster_refuses_stops_no_other_topic() {
    let cluster = Cluster::connect().await;
    let (made, changed) = ("partly.topic.made", "partly.topic.retained");
    cluster.create(changed, 3, &[("retention.ms", "3600000")]).await;
    let contracts = Contracts::of(&[made, changed]);
    let partly = topics(&contracts, &["apply", "--yes", "--replication-factor", "3"]).await;
    let refused = "partly.topic.made: the cluster refuses to create it: InvalidReplicationFactor: ";
    partly.says(69, &["1 topic done", refused, "planned again, this is left:"]);
    assert!(partly.error.contains("partly.topic.retained: done"), "{partly:?}");
    assert_eq!(cluster.shown(made).await, None);
    assert_eq!(cluster.shown(changed).await.unwrap().own["retention.ms"], "86400000");
}

#[tokio::test]
async fn a_name_of_which_kafka_creates_only_one_is_refused() {
    let cluster = Cluster::connect().await;
    cluster.create("alike.topic_named", 1, &[]).await;
    let contracts = Contracts::of(&["alike.topic.named"]);
    topics(&contracts, &["apply", "--yes"]).await.says(4, &["refused to create it", "differs only by `.` and `_`"]);
}

#[tokio::test]
async fn ctrl_c_ends_a_plan_at_once() {
    // It takes connections and never answers.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let contracts = Contracts::of(&["silent.broker.asked"]);
    let servers = silent.local_addr().unwrap().to_string();
    let mut command = command(&servers, &contracts.folder(), &["plan"]).await;
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _asked = silent.accept().await.unwrap();
    kill(Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()), Signal::SIGINT).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("interrupted; nothing was changed"), "{said}");
}
