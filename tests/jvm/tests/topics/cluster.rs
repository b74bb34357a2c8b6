//! What a test does to the cluster beside the command, and what it sees there.

use std::collections::BTreeMap;

use jvm_peers::{class_path, jars, java};
use krafka::Kafka;
use krafka::admin::{
    ConfigResource, CreateTopicsOptions, DeleteTopicsOptions, DescribeConfigsOptions, DescribeTopicsOptions,
    ListTopicsOptions, NewTopic,
};
use tokio::process::Command;

use crate::broker::Broker;

/// A topic as the cluster shows it.
#[derive(Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) partitions: usize,
    /// The settings that were given to the topic itself.
    pub(crate) own: BTreeMap<String, String>,
}

impl Shown {
    /// Its own settings, each as `key=value`.
    pub(crate) fn settings(&self) -> Vec<String> {
        self.own.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }
}

pub(crate) struct Cluster(Kafka);

impl Cluster {
    pub(crate) async fn connect() -> Self {
        let broker = Broker::running().await;
        // The broker listens a moment before it answers.
        loop {
            if let Ok(kafka) = Kafka::builder(&broker.direct).connect().await {
                return Cluster(kafka);
            }
        }
    }

    pub(crate) async fn create(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let topic = NewTopic::new(name, partitions, 1).unwrap();
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.with_config(*key, *value));
        let created = self.0.admin().create_topics([topic], CreateTopicsOptions::default()).await.unwrap();
        created.into_values().for_each(|created| created.unwrap());
        while self.shown(name).await.is_none() {}
    }

    pub(crate) async fn delete(&self, name: &str) {
        let deleted = self.0.admin().delete_topics([name], DeleteTopicsOptions::default()).await.unwrap();
        deleted.into_values().for_each(|deleted| deleted.unwrap());
    }

    /// A topic; nothing if there is none.
    pub(crate) async fn shown(&self, name: &str) -> Option<Shown> {
        let admin = self.0.admin();
        let described = admin.describe_topics([name], DescribeTopicsOptions::default()).await.unwrap();
        let described = described.into_values().next().unwrap().ok()?;
        let resource = ConfigResource::topic(name);
        let configs = admin.describe_configs([resource.clone()], DescribeConfigsOptions::default()).await.unwrap();
        // 1 is the source of settings that were given to the topic.
        let own = configs[&resource].as_ref().ok()?.iter().filter(|entry| entry.config_source == 1);
        let own = own.map(|entry| (entry.name.clone(), entry.value.clone().unwrap())).collect();
        Some(Shown { partitions: described.partitions.len(), own })
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        self.0.admin().list_topics(ListTopicsOptions::default()).await.unwrap()
    }

    /// Allows a user operations on a topic, with Kafka's own client: krafka 0.28 mistakes the numbers of patterns. The broker
    /// learns of it a moment later.
    pub(crate) async fn allow(&self, user: &str, topic: &str, operations: &[&str]) {
        let class_path = [jars("kafka").unwrap(), jars("avro").unwrap()].map(|jars| class_path(&jars)).join(":");
        let mut java = Command::new(java().unwrap());
        java.args(["-cp", &class_path, concat!(env!("CARGO_MANIFEST_DIR"), "/kafka/Peer.java")]);
        java.args(["allow", &Broker::running().await.direct, user, topic]).args(operations);
        let done = java.output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
