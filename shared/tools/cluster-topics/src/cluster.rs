//! What is asked of a cluster: the port.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use topic_contracts::TopicState;

use crate::error::ClusterError;

/// What an environment gives the topics that are created in it, beside what their contracts say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewTopics {
    /// How many copies of each partition there are; the cluster's default if absent.
    pub replication_factor: Option<i16>,
    /// How many of them have to have a record before it counts as written; the cluster's default if absent.
    pub min_insync_replicas: Option<u16>,
}

/// A cluster's topics. Each call is bounded by a timeout of the implementation.
pub trait Cluster {
    /// The topics of the cluster: those that are wanted with their state, of others only the names.
    fn topics(
        &self,
        wanted: &BTreeSet<String>,
    ) -> impl Future<Output = Result<BTreeMap<String, TopicState>, ClusterError>>;

    /// Creates a topic.
    fn create(
        &self,
        topic: &str,
        partitions: u32,
        config: &[(&'static str, String)],
        new: NewTopics,
    ) -> impl Future<Output = Result<(), ClusterError>>;

    /// Gives settings other values, all or none. Settings that are not named keep theirs.
    fn set(&self, topic: &str, config: &[(&'static str, String)]) -> impl Future<Output = Result<(), ClusterError>>;

    /// Adds partitions until there are as many.
    fn add_partitions(&self, topic: &str, total: u32) -> impl Future<Output = Result<(), ClusterError>>;
}
