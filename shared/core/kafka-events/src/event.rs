//! A scanned event: topic-partitions of records that borrow from the event's bytes.

use std::borrow::Cow;

use crate::{Encoded, Headers, RecordError, Redrive, SchemaMetadata};

/// One Lambda event of a Kafka event source mapping.
#[derive(Debug)]
pub struct Event<'a> {
    /// Which kind of mapping sent it.
    pub source: EventSource<'a>,
    /// The cluster; absent from self-managed Kafka.
    pub source_arn: Option<Cow<'a, str>>,
    /// Comma-separated `host:port`.
    pub bootstrap_servers: Option<Cow<'a, str>>,
    /// Set where an operator sends a dead-lettered record again; the event then holds exactly one record.
    pub redrive: Option<Redrive<'a>>,
    /// The topic-partitions in the order of the event. A map key that occurs twice is one topic-partition, at its first place.
    pub partitions: Vec<TopicPartition<'a>>,
}

/// Which kind of event source mapping sent an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource<'a> {
    /// Amazon MSK: `aws:kafka`.
    Msk,
    /// Any other cluster: `SelfManagedKafka`.
    SelfManaged,
    /// Something else; empty when the event does not name its source.
    Other(Cow<'a, str>),
}

impl EventSource<'_> {
    /// The source as the event spells it.
    pub fn as_str(&self) -> &str {
        match self {
            EventSource::Msk => "aws:kafka",
            EventSource::SelfManaged => "SelfManagedKafka",
            EventSource::Other(text) => text,
        }
    }
}

/// The records of one topic and partition, in the order of the event.
#[derive(Debug)]
pub struct TopicPartition<'a> {
    /// The event's own map key, such as `orders-0`. A response must repeat it verbatim.
    pub name: Cow<'a, str>,
    /// The elements of the topic-partition, readable or not.
    pub records: Vec<Entry<'a>>,
}

/// One element of a topic-partition.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A record whose coordinates are known. Its key, value and headers are decoded on request.
    Record(Record<'a>),
    /// An element that is not a record, or lacks a required member.
    Malformed(Malformed<'a>),
}

/// One Kafka record, still encoded.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The topic; when the record does not name it, the topic-partition's name without the partition.
    pub topic: Cow<'a, str>,
    /// The partition.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970; -1 when the record has none.
    pub timestamp: i64,
    /// Whose clock the timestamp is.
    pub timestamp_type: TimestampType,
    /// The key; `None` when absent or null.
    pub key: Option<Encoded<'a>>,
    /// The value; `None` when absent or null: a tombstone.
    pub value: Option<Encoded<'a>>,
    /// The headers, parsed on request; empty when absent or null.
    pub headers: Headers<'a>,
    /// What the mapping's own registry integration reports about the key.
    pub key_schema: Option<SchemaMetadata<'a>>,
    /// What the mapping's own registry integration reports about the value.
    pub value_schema: Option<SchemaMetadata<'a>>,
}

/// Whose clock a record's timestamp is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, on append.
    LogAppendTime,
    /// The event has no type, or an unknown one.
    #[default]
    Unknown,
}

/// An element of a topic-partition that cannot be used as a record, with as many of its coordinates as are readable.
#[derive(Debug, Clone)]
pub struct Malformed<'a> {
    /// The element's JSON as it stands in the event.
    pub raw: &'a [u8],
    /// Its position in the topic-partition, from 0.
    pub index: usize,
    /// The topic, where it is readable.
    pub topic: Option<Cow<'a, str>>,
    /// The partition, where it is readable.
    pub partition: Option<i32>,
    /// The offset, where it is readable. Without it the record cannot be reported for a retry on its own.
    pub offset: Option<i64>,
    /// Why it is not a record.
    pub error: RecordError,
}
