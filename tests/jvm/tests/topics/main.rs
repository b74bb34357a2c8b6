//! The command `topics` with Apache Kafka: a real broker with access control, and what it shows afterwards.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod access;
mod broker;
mod changes;
mod cluster;
mod command;
mod environments;
mod failures;
