//! Typed events to Kafka: encoded by a registered schema, sent once, keyed by what they declare.
//!
//! | | |
//! |---|---|
//! | [`DomainEvent`] | what an event declares: its type, id, time, and the field that is its key |
//! | [`Publisher`] | looks the schema up, encodes, adds the headers of CloudEvents and of the trace, sends |
//! | [`Producer`] | the port: records in, one answer for each |
//! | [`KafkaProducer`] | Kafka: idempotent, all replicas acknowledge; TLS, SCRAM, MSK IAM |
//! | [`DeliveryError`] | why a record was not acknowledged, in the vocabulary of [`event_runtime::Failure`] |
//!
//! The README beside the manifest tells why the client is what it is, and how it was measured.

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
