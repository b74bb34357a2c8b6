//! The ports of a mapping: the source that it reads, the function that it invokes, the destination of failures.

use std::collections::BTreeMap;
use std::future::Future;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::machine::{Condition, TopicPartition};
use crate::record::{EventRecord, KafkaRecord};

/// Where records come from: one member of a consumer group.
pub trait Source: Send + Sync {
    /// What happens next; nothing when the source has ended. May be dropped while it waits, without a loss.
    fn next(&mut self) -> impl Future<Output = Option<SourceEvent>> + Send;

    /// Stores how far a partition is finished, while reading goes on.
    ///
    /// # Errors
    /// When the offset is not stored. It is tried again until the partition goes to another member.
    fn commit(&self, at: &TopicPartition, offset: i64) -> BoxFuture<'static, Result<(), SourceError>>;

    /// Stops and resumes reading a partition.
    fn set_paused(&self, at: &TopicPartition, paused: bool) -> impl Future<Output = ()> + Send;
}

/// What happens at a source, in this order: a partition's records come between its assignment and its revocation.
#[derive(Debug)]
pub enum SourceEvent {
    /// A partition is this member's from now on.
    Assigned(TopicPartition),
    /// A partition is not this member's any more.
    Revoked(TopicPartition),
    /// Records of assigned partitions, in offset order per partition.
    Records(Vec<KafkaRecord>),
    /// The same with their part of the event, for records that come from a recording or that no cluster would write.
    Written(Vec<(KafkaRecord, String)>),
    /// Something is wrong and the source goes on by itself; to be shown.
    Trouble(SourceError),
    /// How many records of each partition have not been read yet.
    Lag(BTreeMap<TopicPartition, u64>),
}

/// The source refused, with its reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// What a mapping invokes.
pub trait Target: Send + Sync {
    /// Invokes once and waits for the end.
    fn invoke(&self, event: Bytes) -> impl Future<Output = Invocation> + Send;
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// The function returned.
    Returned(Bytes),
    /// The function failed or crashed: Lambda's error document.
    Failed(Bytes),
    /// The function took longer than its timeout.
    TimedOut,
    /// The function is throttled.
    Throttled,
    /// The endpoint cannot be reached, or does not know the function.
    Unreachable(String),
}

/// Where records go that are given up.
pub trait Destination: Send + Sync + 'static {
    /// Stores them.
    ///
    /// # Errors
    /// When the destination does not have them.
    fn send(&self, failed: GivenUp) -> impl Future<Output = Result<(), DestinationError>> + Send;
}

/// Records that are given up, with what AWS tells about them.
#[derive(Debug, Clone)]
pub struct GivenUp {
    /// In offset order.
    pub records: BTreeMap<TopicPartition, Vec<EventRecord>>,
    /// The event as it would have been sent.
    pub event: String,
    /// Why.
    pub condition: Condition,
    /// `approximateInvokeCount`.
    pub invocations: u32,
    /// The last answer of the function, if it was invoked.
    pub last: Option<Invocation>,
}

/// A destination does not have the records.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DestinationError(pub String);
