//! A stand-in for one Kafka broker on loopback, for producers on a laptop and in tests: no Java, no Docker.
//!
//! | | |
//! |---|---|
//! | [`Broker`] | listens on 127.0.0.1 in plaintext and ends with its value |
//! | [`TopicSettings`] | partitions and limits of a topic |
//! | [`Fault`] | what a test makes the broker do wrong with a request to write |
//!
//! Every record that it acknowledged is a line of a file, in the format of `events/recorded/*/records.jsonl`, which a local
//! event source mapping reads while it grows. The README beside the manifest lists what it serves and where it differs from
//! Apache Kafka.

mod batch;
mod broker;
mod connection;
mod fault;
mod log;
mod partition;
mod state;
mod topic;

pub use broker::{Broker, BrokerError};
pub use fault::Fault;
pub use kafka_protocol::error::ResponseError;
pub use log::LogError;
pub use topic::TopicSettings;
