//! Who may do what: each right that is missing is named, in the words of ACLs and of IAM.

use crate::broker::{Broker, CLERK, HOLDER};
use crate::cluster::Cluster;
use crate::command::{Contracts, Ended, topics_at};

/// The command as the clerk, until the broker has learned of a new right: what is missing is not `before` any more.
async fn as_clerk(contracts: &Contracts, command: &[&str], before: &str) -> Ended {
    let broker = Broker::running().await;
    let arguments = [command, &["--auth", "scram-sha-512", "--username", CLERK.0]].concat();
    for _ in 0..50 {
        let ended = topics_at(&broker.scram, contracts, &arguments, &[("KAFKA_PASSWORD", CLERK.1)]).await;
        if before.is_empty() || !ended.error.contains(before) && !ended.out.contains(before) {
            return ended;
        }
    }
    panic!("the broker does not learn of the right beyond {before}")
}

#[tokio::test]
async fn each_missing_right_is_named() {
    let (cluster, topic) = (Cluster::connect().await, "access.rights.each");
    let contracts = Contracts::of(&[topic]);
    let denied = as_clerk(&contracts, &["plan"], "").await;
    denied.says(
        69,
        &["access.rights.each: the right is missing: the ACL operation Describe", "kafka-cluster:DescribeTopic"],
    );

    cluster.allow(CLERK.0, topic, &["DESCRIBE"]).await;
    let apply = ["apply", "--yes"];
    let denied = as_clerk(&contracts, &apply, "operation Describe on").await;
    denied.says(69, &["0 topics done", "the ACL operation Create", "kafka-cluster:CreateTopic"]);
    assert_eq!(cluster.shown(topic).await, None);

    cluster.create(topic, 2, &[]).await;
    let denied = as_clerk(&contracts, &["plan"], "operation Describe on").await;
    denied.says(69, &["the ACL operation DescribeConfigs", "kafka-cluster:DescribeTopicDynamicConfiguration"]);
    cluster.allow(CLERK.0, topic, &["DESCRIBE_CONFIGS"]).await;
    let denied = as_clerk(&contracts, &[&apply[..], &["--allow-data-loss"]].concat(), "DescribeConfigs").await;
    denied.says(69, &["the ACL operation AlterConfigs", "kafka-cluster:AlterTopicDynamicConfiguration"]);
    cluster.allow(CLERK.0, topic, &["ALTER_CONFIGS"]).await;
    let denied = as_clerk(&contracts, &[&apply[..], &["--allow-data-loss"]].concat(), "AlterConfigs").await;
    // The settings are done, and the plan that is left says so.
    denied.says(69, &["the ACL operation Alter on", "kafka-cluster:AlterTopic", "add partitions, from 2 to 3"]);
    assert_eq!(cluster.shown(topic).await.unwrap().own["retention.ms"], "86400000");
    cluster.allow(CLERK.0, topic, &["ALTER"]).await;
    as_clerk(&contracts, &apply, "operation Alter on").await.says(0, &["1 topic done"]);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let broker = Broker::running().await;
    Cluster::connect().await;
    let contracts = Contracts::of(&["access.password.wrong"]);
    let arguments = ["plan", "--auth", "scram-sha-512", "--username", CLERK.0];
    let refused = topics_at(&broker.scram, &contracts, &arguments, &[("KAFKA_PASSWORD", "hunter2-wrong")]).await;
    refused.says(69, &[&broker.scram, "SASL"]);
    assert!(!refused.error.contains("hunter2"), "{refused:?}");
    assert_eq!(refused.error.lines().count(), 1, "{refused:?}");
    topics_at(&broker.scram, &contracts, &arguments, &[]).await.says(78, &["KAFKA_PASSWORD"]);
    let elsewhere = topics_at("broker.example:9092", &contracts, &arguments, &[("KAFKA_PASSWORD", "hunter2")]).await;
    elsewhere.says(78, &["SASL without TLS would show the login"]);
}

#[tokio::test]
async fn a_certificate_signs_in() {
    let (broker, cluster, topic) = (Broker::running().await, Cluster::connect().await, "access.certificate.mutual");
    let contracts = Contracts::of(&[topic]);
    cluster.create(topic, 3, &[]).await;
    cluster.allow(&format!("CN={HOLDER}"), topic, &["DESCRIBE", "DESCRIBE_CONFIGS"]).await;
    let [certificate, key] = broker.holder.each_ref().map(|path| path.to_str().unwrap());
    let authority = broker.authority.to_str().unwrap();
    let trusting = ["plan", "--tls", "--ca-file", authority];
    let known = [&trusting[..], &["--certificate-file", certificate, "--key-file", key]].concat();
    let planned = loop {
        let planned = topics_at(&broker.mutual, &contracts, &known, &[]).await;
        if !planned.error.contains("the right is missing") {
            break planned;
        }
    };
    // The cluster's default is a week.
    planned.says(4, &["refused to set retention.ms from 604800000 to 86400000"]);
    topics_at(&broker.mutual, &contracts, &trusting, &[]).await.says(69, &[&broker.mutual]);
    topics_at(&broker.mutual, &contracts, &["plan", "--tls"], &[]).await.says(69, &[&broker.mutual]);
}
