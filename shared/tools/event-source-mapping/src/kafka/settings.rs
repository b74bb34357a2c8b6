//! Names a cluster and a group.

use krafka::auth::AuthConfig;

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
