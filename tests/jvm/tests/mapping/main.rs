//! The event source mapping with Apache Kafka: a real broker, a function behind an Invoke endpoint, and the command.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod broker;
mod cluster;
mod command;
mod delivery;
mod destinations;
mod function;
mod outage;
mod positions;
mod rebalance;
mod retries;
mod running;
