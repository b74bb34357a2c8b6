//! A member of a consumer group of a real cluster, by the client `krafka`.

mod events;
mod reading;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use krafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerRebalanceListener, OffsetAndMetadata, PartitionAssignmentStrategy,
    TopicPartition as KafkaTopicPartition,
};
use krafka::{CloseOptions, Kafka, error::KrafkaError};
use tokio::sync::{RwLock, mpsc};
use tokio::task::JoinHandle;

use self::events::{Event, Events, of_partition};
use self::reading::{POLL, Reader};
pub use self::settings::{KafkaSettings, StartingPosition};
use crate::machine::TopicPartition;
use crate::ports::{Source, SourceError, SourceEvent};

/// How long leaving the group may take. A cluster that does not answer ends the membership by itself later.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// The partitions of this member. A commit holds it for reading: a partition is given up only after that.
type Owned = Arc<RwLock<BTreeSet<TopicPartition>>>;

/// A member of a consumer group. It stops reading when it is dropped; [`KafkaSource::leave`] leaves the group, too.
pub struct KafkaSource {
    consumer: Arc<Consumer>,
    owned: Owned,
    events: mpsc::UnboundedReceiver<Event>,
    tasks: [JoinHandle<()>; 2],
}

/// A cluster cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It does not answer, or refuses.
    #[error(
        "group {group} cannot be joined at {servers}: {reason}. Is a broker there, and do its listeners and the settings for SASL and TLS agree?"
    )]
    Cluster {
        /// The bootstrap servers.
        servers: String,
        /// The group.
        group: String,
        /// Why.
        reason: KrafkaError,
    },
    /// A topic is not there.
    #[error("topic {topic} cannot be read at {servers}: {reason}. Create it first: reading does not create it")]
    Topic {
        /// The topic.
        topic: String,
        /// The bootstrap servers.
        servers: String,
        /// Why.
        reason: KrafkaError,
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
            |reason| ConnectError::Cluster { servers: servers.clone(), group: settings.group.clone(), reason };
        let mut kafka = Kafka::builder(servers)
            .client_id("event-source-mapping")
            .connect_timeout(Duration::from_secs(10))
            .allow_auto_create_topics(false);
        if let Some(security) = &settings.security {
            kafka = kafka.security(security.clone());
        }
        let kafka = kafka.connect().await.map_err(refused)?;
        let (tell, events) = mpsc::unbounded_channel();
        let owned = Owned::default();
        let consumer = kafka
            .consumer(settings.group.as_str())
            .enable_auto_commit(false)
            // The first offset is committed before anything is read: see `Reader::begin`.
            .auto_offset_reset(AutoOffsetReset::None)
            // Partitions that stay with a member are not taken from it by a rebalance.
            .partition_assignment_strategy(PartitionAssignmentStrategy::CooperativeSticky)
            .fetch_max_wait(POLL)
            // With a bound, the records of one paused partition would keep every other partition from being read.
            .max_buffered_records(0)
            .metrics_push(false)
            .rebalance_listener(Listener { tell: tell.clone(), owned: Arc::clone(&owned) })
            .build()
            .await
            .map_err(refused)?;
        for topic in &settings.topics {
            let missing = |reason| ConnectError::Topic { topic: topic.clone(), servers: servers.clone(), reason };
            let found = consumer.fetch_metadata(Some(topic)).await.map_err(missing)?;
            if found.topics.is_empty() {
                return Err(missing(KrafkaError::unknown_topic(topic)));
            }
        }
        consumer.subscribe(&settings.topics).await.map_err(refused)?;
        let consumer = Arc::new(consumer);
        let reader = Reader::new(Arc::clone(&consumer), tell, settings.starting_position);
        let tasks = [tokio::spawn(reader.clone().read()), tokio::spawn(reader.watch())];
        Ok(KafkaSource { consumer, owned, events, tasks })
    }

    /// Leaves the group, so that its partitions go to the other members at once.
    pub async fn leave(mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        // Nobody hears of the partitions that are given back.
        self.events.close();
        // A group that is not left ends the member after its session timeout.
        let _ = self.consumer.close_with(CloseOptions::new().timeout(LEAVE_WITHIN)).await;
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Source for KafkaSource {
    async fn next(&mut self) -> Option<SourceEvent> {
        self.events.recv().await.map(|(event, _permit)| event)
    }

    fn commit(&self, at: &TopicPartition, offset: i64) -> BoxFuture<'static, Result<(), SourceError>> {
        let (consumer, owned, at) = (Arc::clone(&self.consumer), Arc::clone(&self.owned), at.clone());
        async move {
            let owned = owned.read().await;
            if !owned.contains(&at) {
                // The broker would take it, over what the new member has committed.
                return Err(SourceError(format!("{at} has gone to another member of the group")));
            }
            let partition = KafkaTopicPartition::new(at.topic.to_string(), at.partition);
            let committed = consumer.commit_offsets([(partition, OffsetAndMetadata::new(offset))]).await;
            committed.map_err(|error| SourceError(error.to_string()))
        }
        .boxed()
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
struct Listener {
    tell: Events,
    owned: Owned,
}

impl ConsumerRebalanceListener for Listener {
    async fn on_partitions_assigned(&self, partitions: &[KafkaTopicPartition]) {
        let mut owned = self.owned.write().await;
        for at in partitions.iter().map(of_partition) {
            owned.insert(at.clone());
            // Nobody listens when the mapping has ended.
            let _ = self.tell.send((SourceEvent::Assigned(at), None));
        }
    }

    async fn on_partitions_revoked(&self, partitions: &[KafkaTopicPartition]) {
        // Waits for commits that are under way.
        let mut owned = self.owned.write().await;
        for at in partitions.iter().map(of_partition) {
            owned.remove(&at);
            let _ = self.tell.send((SourceEvent::Revoked(at), None));
        }
    }

    async fn on_partitions_lost(&self, partitions: &[KafkaTopicPartition]) {
        self.on_partitions_revoked(partitions).await;
    }
}
