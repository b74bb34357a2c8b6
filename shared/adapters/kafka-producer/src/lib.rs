//! Publishes typed events to Kafka: encoded by a registered schema, idempotent, keyed by a field of the event.
//!
//! | | |
//! |---|---|
//! | [`DomainEvent`] | what an event declares: its type, id, time, and the field that is its key |
//! | [`Publisher`] | looks the schema up, encodes, adds the headers of CloudEvents and of the trace, sends |
//! | [`Encoder`] | encodes a value by a registered schema, with a frame before it ([`Framing`]) |
//! | [`Producer`] | the port: sends records and answers for each |
//! | [`KafkaProducer`] | Kafka: idempotent, all replicas acknowledge; TLS, SCRAM, MSK IAM |
//! | [`DeliveryError`] | why a record was not acknowledged, in the vocabulary of [`event_runtime::Failure`] |
//!
//! The README beside the manifest says why this client was chosen, with measurements.

mod encode;
mod error;
mod event;
mod kafka;
mod partition;
mod producer;
mod publisher;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;

pub use encode::{EncodeError, Encoder, Framing};
pub use error::{DeliveryError, DeliveryProblem};
pub use event::{DomainEvent, EventSource, EventSourceError};
pub use kafka::{CaCertificates, KafkaConfig, KafkaProducer, Login, LoginError, Logins, ScramMechanism, Security};
pub use partition::partition_of_key;
pub use producer::{Delivered, OutgoingRecord, Producer};
pub use publisher::{PublishError, Publisher};
pub use trace::TraceParent;
