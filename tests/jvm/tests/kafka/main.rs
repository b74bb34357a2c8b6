//! Our producer with Apache Kafka: a real broker, read back with Java's consumer and Java's Avro.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod broker;
mod contract;
mod cutting;
mod delivery;
mod forwarder;
mod function;
mod mapping;
mod peer;
mod secured;
mod signing_in;
mod topics;
