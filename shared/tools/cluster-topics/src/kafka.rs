//! A real cluster, by the client `krafka`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

use krafka::Kafka;
use krafka::admin::{
    AdminClient, ConfigEntry, ConfigOp, ConfigResource, CreatePartitionsOptions, CreateTopicsOptions,
    DescribeConfigsOptions, DescribeTopicsOptions, IncrementalAlterConfigsOptions, ListTopicsOptions, NewTopic,
};
use krafka::auth::AuthConfig;
use krafka::error::{ErrorCode, KrafkaError, ProtocolErrorKind, Result as KrafkaResult};
use tokio::time::Instant;
use topic_contracts::TopicState;

use crate::cluster::{Cluster, NewTopics};
use crate::error::ClusterError;
use crate::right::Right;

/// The most that opening a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks at a topic of which brokers disagree.
const PAUSE: Duration = Duration::from_millis(200);

/// A cluster that is connected to.
pub struct KafkaCluster {
    admin: AdminClient,
    servers: String,
    timeout: Duration,
}

impl KafkaCluster {
    /// Connects. `timeout` bounds each call.
    ///
    /// # Errors
    /// When no broker answers, or the client may not sign in.
    pub async fn connect(servers: &str, auth: Option<AuthConfig>, timeout: Duration) -> Result<Self, ClusterError> {
        let mut kafka = Kafka::builder(servers)
            .client_id("topics")
            .connect_timeout(CONNECT_WITHIN.min(timeout))
            .request_timeout(timeout)
            .allow_auto_create_topics(false);
        if let Some(auth) = auth {
            kafka = kafka.security(auth);
        }
        let connected = tokio::time::timeout(timeout, kafka.connect()).await;
        let connected = connected.unwrap_or_else(|_| Err(KrafkaError::timeout("connecting")));
        let kafka = connected.map_err(|source| ClusterError::Unreachable { servers: servers.to_owned(), source })?;
        let admin = kafka.admin().default_api_timeout(timeout);
        Ok(Self { admin, servers: servers.to_owned(), timeout })
    }

    fn unreachable(&self, source: KrafkaError) -> ClusterError {
        ClusterError::Unreachable { servers: self.servers.clone(), source }
    }

    /// How many partitions a topic has, for each of those that exist. Each is asked for by name: a list leaves out those that
    /// the client may not see, and they would pass for missing.
    async fn partitions(&self, wanted: &BTreeSet<String>) -> Result<BTreeMap<String, u32>, ClusterError> {
        let described = self.admin.describe_topics(wanted, DescribeTopicsOptions::default()).await;
        let mut found = BTreeMap::new();
        for (topic, described) in described.map_err(|error| self.unreachable(error))? {
            match described {
                Ok(described) => {
                    found.insert(topic, u32::try_from(described.partitions.len()).unwrap_or(u32::MAX));
                }
                Err(error) if code(&error) == Some(ErrorCode::UnknownTopicOrPartition) => {}
                Err(error) => return Err(self.unread(topic, Right::Describe, error)),
            }
        }
        Ok(found)
    }

    /// The settings of a topic; nothing for one that has gone meanwhile.
    async fn settings(&self, topics: &BTreeMap<String, u32>) -> Result<BTreeMap<String, TopicState>, ClusterError> {
        let resources = topics.keys().map(ConfigResource::topic);
        let described = self.admin.describe_configs(resources, DescribeConfigsOptions::default()).await;
        let mut states = BTreeMap::new();
        for (resource, entries) in described.map_err(|error| self.unreachable(error))? {
            let topic = resource.name;
            match entries {
                Ok(entries) => {
                    let partitions = topics.get(&topic).copied().unwrap_or_default();
                    let value = |entry: ConfigEntry| Some((entry.name, entry.value?));
                    let config = entries.into_iter().filter_map(value).collect();
                    states.insert(topic, TopicState { partitions, config });
                }
                Err(error) if code(&error) == Some(ErrorCode::UnknownTopicOrPartition) => {}
                Err(error) => return Err(self.unread(topic, Right::DescribeConfigs, error)),
            }
        }
        Ok(states)
    }

    fn unread(&self, topic: String, right: Right, error: KrafkaError) -> ClusterError {
        match code(&error) {
            Some(ErrorCode::TopicAuthorizationFailed | ErrorCode::ClusterAuthorizationFailed) => {
                ClusterError::Denied { topic, right }
            }
            Some(_) => ClusterError::Refused { topic, asked: "describe it", reason: reason(&error) },
            None => self.unreachable(error),
        }
    }
}

impl Cluster for KafkaCluster {
    async fn topics(&self, wanted: &BTreeSet<String>) -> Result<BTreeMap<String, TopicState>, ClusterError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let listed = self.admin.list_topics(ListTopicsOptions::default()).await;
            let listed = listed.map_err(|error| self.unreachable(error))?;
            let partitions = self.partitions(wanted).await?;
            let mut topics = self.settings(&partitions).await?;
            let seen = |topic: &&String| topics.contains_key(*topic) == partitions.contains_key(*topic);
            let agreed = |topic: &&String| seen(topic) && (topics.contains_key(*topic) || !listed.contains(topic));
            let unsettled = wanted.iter().find(|topic| !agreed(topic)).cloned();
            match unsettled {
                None => {
                    for topic in listed {
                        topics.entry(topic).or_default();
                    }
                    return Ok(topics);
                }
                Some(topic) if Instant::now() >= deadline => return Err(ClusterError::Unsettled { topic }),
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn create(
        &self,
        topic: &str,
        partitions: u32,
        config: &[(&'static str, String)],
        new: NewTopics,
    ) -> Result<(), ClusterError> {
        const ASKED: &str = "create it";
        let refused = |error: KrafkaError| undone(topic, ASKED, Right::Create, error);
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        // -1 is the cluster's default.
        let created = NewTopic::new(topic, partitions, new.replication_factor.unwrap_or(-1)).map_err(refused)?;
        let created = config.iter().fold(created, |created, (key, value)| created.with_config(*key, value));
        let in_sync = new.min_insync_replicas.map(|replicas| replicas.to_string());
        let created = in_sync.into_iter().fold(created, |it, count| it.with_config("min.insync.replicas", count));
        let answers = self.admin.create_topics([created], CreateTopicsOptions::default()).await;
        answer(answers, &topic.to_owned()).map_err(refused)
    }

    async fn set(&self, topic: &str, config: &[(&'static str, String)]) -> Result<(), ClusterError> {
        let resource = ConfigResource::topic(topic);
        let set = config.iter().map(|(key, value)| ConfigOp::set(*key, value)).collect();
        let options = IncrementalAlterConfigsOptions::default();
        let answers = self.admin.incremental_alter_configs([(resource.clone(), set)], options).await;
        let refused = |error| undone(topic, "change its settings", Right::AlterConfigs, error);
        answer(answers, &resource).map_err(refused)
    }

    async fn add_partitions(&self, topic: &str, total: u32) -> Result<(), ClusterError> {
        let total = i32::try_from(total).unwrap_or(i32::MAX);
        let answers = self.admin.create_partitions([(topic, total)], CreatePartitionsOptions::default()).await;
        let refused = |error| undone(topic, "add partitions", Right::Alter, error);
        answer(answers, &topic.to_owned()).map_err(refused)
    }
}

/// The answer for the one item that was asked for.
fn answer<K: Hash + Eq>(answers: KrafkaResult<HashMap<K, KrafkaResult<()>>>, item: &K) -> KrafkaResult<()> {
    answers?.remove(item).unwrap_or_else(|| Err(KrafkaError::timeout("an answer")))
}

fn undone(topic: &str, asked: &'static str, right: Right, error: KrafkaError) -> ClusterError {
    let topic = topic.to_owned();
    match code(&error) {
        Some(ErrorCode::TopicAuthorizationFailed | ErrorCode::ClusterAuthorizationFailed) => {
            ClusterError::Denied { topic, right }
        }
        Some(ErrorCode::TopicAlreadyExists) => ClusterError::Exists { topic },
        Some(ErrorCode::UnknownTopicOrPartition) => ClusterError::Gone { topic },
        None if not_sent(&error) => ClusterError::Refused { topic, asked, reason: reason(&error) },
        // With a code, the broker gave up waiting for the controller.
        Some(ErrorCode::RequestTimedOut) | None => ClusterError::Unanswered { topic, asked, source: error },
        Some(_) => ClusterError::Refused { topic, asked, reason: reason(&error) },
    }
}

/// Whether the client did not even send the request.
fn not_sent(error: &KrafkaError) -> bool {
    let unknown = error.protocol_error_kind() == Some(ProtocolErrorKind::UnknownApiVersion);
    unknown || matches!(error, KrafkaError::Config { .. })
}

fn code(error: &KrafkaError) -> Option<ErrorCode> {
    match error {
        KrafkaError::Broker { code, .. } => Some(*code),
        _ => None,
    }
}

/// The broker's message, which names settings and values, behind the name of its code.
fn reason(error: &KrafkaError) -> String {
    match error {
        KrafkaError::Broker { code, message } if *message == format!("{code:?}") => message.clone(),
        KrafkaError::Broker { code, message } => format!("{code:?}: {message}"),
        other => other.to_string(),
    }
}
