//! Brings a Kafka cluster's topics to what their contracts say: the library of the command `topics`.
//!
//! [`Declared`] reads contracts and names, [`plan`] compares them with a [`Cluster`], [`apply`](apply()) does what the plan
//! says, topic by topic, and [`settle`](settle()) waits until the cluster shows it. Nothing is ever deleted. [`KafkaCluster`] is the
//! real one.

mod apply;
mod cluster;
pub mod command;
mod declared;
mod error;
mod kafka;
mod right;
mod settle;

pub use apply::{Applied, Failed, Stop, apply};
pub use cluster::{Cluster, NewTopics};
pub use declared::{Declared, DeclaredError, plan};
pub use error::ClusterError;
pub use kafka::KafkaCluster;
pub use right::Right;
pub use settle::{Settled, settle};
