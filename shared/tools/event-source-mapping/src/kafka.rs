//! A member of a consumer group of a real cluster, by the client `krafka`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use krafka::auth::AuthConfig;
use krafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerRebalanceListener, ConsumerRecord, OffsetAndMetadata,
    PartitionAssignmentStrategy, TimestampType, TopicPartition as KafkaTopicPartition,
};
use krafka::{Kafka, error::KrafkaError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::machine::TopicPartition;
use crate::ports::{Source, SourceError, SourceEvent};
use crate::record::KafkaRecord;

/// How long one look for records takes at most.
const POLL: Duration = Duration::from_millis(500);
/// How often the lag is told.
const LAG_EVERY: Duration = Duration::from_secs(1);
/// Polls whose records may wait for the mapping. More is not read: the machine pauses partitions long before.
const WAITING_POLLS: usize = 64;

/// Where a group begins that has not committed anything yet. Committed offsets always win over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// `LATEST`: what comes from now on.
    Latest,
    /// `TRIM_HORIZON`: everything that the topic still has.
    TrimHorizon,
    /// `AT_TIMESTAMP`: what was written since then, in milliseconds since 1970.
    AtTimestamp(i64),
}

/// A cluster and a group.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port,host:port`.
    pub bootstrap_servers: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// `ConsumerGroupId`.
    pub group: String,
    /// Where a new group begins.
    pub starting_position: StartingPosition,
    /// How the cluster is signed in to; nothing for a broker that asks for nothing.
    pub security: Option<AuthConfig>,
}

/// A member of a consumer group.
pub struct KafkaSource {
    consumer: Arc<Consumer>,
    events: mpsc::Receiver<SourceEvent>,
    reading: JoinHandle<()>,
}

/// A cluster cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It does not answer, or refuses.
    #[error(
        "{servers} cannot be read as a member of group {group}. Is a broker there, and do its listeners and the settings for SASL and TLS agree?"
    )]
    Cluster {
        /// The bootstrap servers.
        servers: String,
        /// The group.
        group: String,
        /// Why.
        source: KrafkaError,
    },
    /// A topic is not there.
    #[error("topic {topic} cannot be read from {servers}. Does it exist? It is not created by reading it")]
    Topic {
        /// The topic.
        topic: String,
        /// The bootstrap servers.
        servers: String,
        /// Why.
        source: KrafkaError,
    },
}

impl KafkaSource {
    /// Joins the group.
    ///
    /// # Errors
    /// When the cluster does not answer or a topic does not exist.
    pub async fn join(settings: &KafkaSettings) -> Result<Self, ConnectError> {
        let servers = &settings.bootstrap_servers;
        let refused =
            |source| ConnectError::Cluster { servers: servers.clone(), group: settings.group.clone(), source };
        let mut kafka = Kafka::builder(servers)
            .client_id("event-source-mapping")
            .connect_timeout(Duration::from_secs(10))
            .allow_auto_create_topics(false);
        if let Some(security) = &settings.security {
            kafka = kafka.security(security.clone());
        }
        let kafka = kafka.connect().await.map_err(refused)?;
        let (tell, events) = mpsc::channel(WAITING_POLLS);
        let consumer = kafka
            .consumer(settings.group.as_str())
            .enable_auto_commit(false)
            .auto_offset_reset(reset(settings.starting_position))
            // Partitions that stay with a member are not taken from it by a rebalance.
            .partition_assignment_strategy(PartitionAssignmentStrategy::CooperativeSticky)
            .fetch_max_wait(POLL)
            .metrics_push(false)
            .rebalance_listener(Listener(tell.clone()))
            .build()
            .await
            .map_err(refused)?;
        for topic in &settings.topics {
            consumer.fetch_metadata(Some(topic)).await.map_err(|source| ConnectError::Topic {
                topic: topic.clone(),
                servers: servers.clone(),
                source,
            })?;
        }
        consumer.subscribe(&settings.topics).await.map_err(refused)?;
        let consumer = Arc::new(consumer);
        let reading = tokio::spawn(read(Arc::clone(&consumer), tell));
        Ok(KafkaSource { consumer, events, reading })
    }

    /// Leaves the group, so that its partitions go to the other members at once.
    pub async fn leave(self) {
        let KafkaSource { consumer, events, reading } = self;
        reading.abort();
        // Nobody hears of the partitions that are given back.
        drop(events);
        // A group that is not left ends the member after its session timeout.
        let _ = consumer.close().await;
    }
}

fn reset(position: StartingPosition) -> AutoOffsetReset {
    match position {
        StartingPosition::Latest => AutoOffsetReset::Latest,
        StartingPosition::TrimHorizon => AutoOffsetReset::Earliest,
        StartingPosition::AtTimestamp(at) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            let at = Duration::from_millis(u64::try_from(at).unwrap_or(0));
            AutoOffsetReset::ByDuration(now.saturating_sub(at))
        }
    }
}

/// Reads until nobody listens.
async fn read(consumer: Arc<Consumer>, tell: mpsc::Sender<SourceEvent>) {
    let mut told_lag = tokio::time::Instant::now();
    loop {
        let event = match consumer.poll(POLL).await {
            Ok(records) => SourceEvent::Records(records.into_iter().map(of_kafka).collect()),
            Err(error) => {
                // The client connects again by itself; a broker that is down must not fill the log.
                tokio::time::sleep(Duration::from_secs(1)).await;
                SourceEvent::Trouble(SourceError(format!("reading: {error}")))
            }
        };
        let nothing = matches!(&event, SourceEvent::Records(records) if records.is_empty());
        if !nothing && tell.send(event).await.is_err() {
            return;
        }
        if told_lag.elapsed() >= LAG_EVERY {
            told_lag = tokio::time::Instant::now();
            let lag = consumer.lag().await.into_iter();
            let lag: BTreeMap<_, _> = lag.filter_map(|(at, lag)| Some((of_partition(&at), lag.lag?))).collect();
            if tell.send(SourceEvent::Lag(lag)).await.is_err() {
                return;
            }
        }
    }
}

fn of_partition(at: &KafkaTopicPartition) -> TopicPartition {
    TopicPartition::new(&at.topic, at.partition)
}

fn of_kafka(record: ConsumerRecord) -> KafkaRecord {
    KafkaRecord {
        at: TopicPartition { topic: Arc::clone(&record.topic), partition: record.partition },
        offset: record.offset,
        timestamp: record.timestamp,
        log_append_time: record.timestamp_type == TimestampType::LogAppendTime,
        key: record.key,
        value: record.value,
        headers: record.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
    }
}

impl Source for KafkaSource {
    async fn next(&mut self) -> Option<SourceEvent> {
        self.events.recv().await
    }

    async fn commit(&self, at: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        let partition = KafkaTopicPartition::new(at.topic.to_string(), at.partition);
        let committed = self.consumer.commit_offsets([(partition, OffsetAndMetadata::new(offset))]).await;
        committed.map_err(|error| SourceError(format!("committing offset {offset} of {at}: {error}")))
    }

    async fn set_paused(&self, at: &TopicPartition, paused: bool) {
        if paused {
            self.consumer.pause(&at.topic, &[at.partition]).await;
        } else {
            self.consumer.resume(&at.topic, &[at.partition]).await;
        }
    }
}

/// Hands assignments on, in order with the records.
struct Listener(mpsc::Sender<SourceEvent>);

impl Listener {
    async fn tell(&self, partitions: &[KafkaTopicPartition], event: impl Fn(TopicPartition) -> SourceEvent) {
        for at in partitions {
            // Nobody listens when the mapping has ended.
            let _ = self.0.send(event(of_partition(at))).await;
        }
    }
}

impl ConsumerRebalanceListener for Listener {
    async fn on_partitions_assigned(&self, partitions: &[KafkaTopicPartition]) {
        self.tell(partitions, SourceEvent::Assigned).await;
    }

    async fn on_partitions_revoked(&self, partitions: &[KafkaTopicPartition]) {
        self.tell(partitions, SourceEvent::Revoked).await;
    }

    async fn on_partitions_lost(&self, partitions: &[KafkaTopicPartition]) {
        self.tell(partitions, SourceEvent::Revoked).await;
    }
}
