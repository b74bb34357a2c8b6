//! Dead letters: everything a person or the redrive needs to know about a record that was given up.

use std::fmt;

use futures_util::future::BoxFuture;
use kafka_events::{Headers, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::raw_record::RawRecord;
use crate::store_error::StoreError;

/// The version of [`DeadLetter`]'s JSON form.
pub const LETTER_VERSION: u32 = 1;

/// Ends the name under which a claim is parked whose effect may have happened.
const UNCERTAIN: &str = "-redriven";

/// Names a letter by where its record stands in Kafka, so that parking it twice is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterId(String);

impl LetterId {
    /// The id for a record's place; the timestamp tells a recreated topic's records from the old ones.
    pub fn of(function: &str, source: &str, place: &Place) -> Self {
        let mut hash = Sha256::new();
        for part in [function.as_bytes(), source.as_bytes(), place.topic_partition.as_bytes(), place.topic.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        for number in [i64::from(place.partition), place.offset.unwrap_or(-1), place.timestamp, place.index as i64] {
            // The position in the batch names a record only where its offset cannot be read.
            hash.update(number.to_be_bytes());
        }
        LetterId(hex::encode(&hash.finalize()[..16]))
    }

    /// Under which a claim is parked whose effect may have happened, by the first try of its record or by a later one.
    /// Not the letter's own id: under that lie claims whose effect did not happen, which a redrive frees by itself. A
    /// redrive of an earlier version looks at nothing but the name, and leaves this one to a person too.
    ///
    /// Stored as `<id>-redriven`: so every version knows it, and at first only redriven tries used it.
    #[must_use]
    pub fn uncertain(&self) -> Self {
        match self.0.ends_with(UNCERTAIN) {
            true => self.clone(),
            false => LetterId(format!("{}{UNCERTAIN}", self.0)),
        }
    }

    /// The name by which the letter lies in its queue, whichever of its two names this is.
    pub(crate) fn without_suffix(&self) -> &str {
        self.0.strip_suffix(UNCERTAIN).unwrap_or(&self.0)
    }

    /// An id that a store gave back.
    pub fn from_stored(id: impl Into<String>) -> Self {
        LetterId(id.into())
    }

    /// The id as text: 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The event's own name of the partition, `topic-partition`, verbatim.
    #[serde(rename = "lane")]
    pub topic_partition: String,
    /// Topic.
    pub topic: String,
    /// Partition; -1 where it cannot be read.
    pub partition: i32,
    /// Offset; absent where it cannot be read.
    pub offset: Option<i64>,
    /// Record timestamp in milliseconds; -1 where there is none.
    pub timestamp: i64,
    /// Position in the partition's batch; 0 unless the offset cannot be read.
    pub index: usize,
}

/// The bytes of a record as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawBytes {
    /// The key in base64, frame and all; where its base64 could not be read, its text as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value in base64, frame and all; where its base64 could not be read, its text as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The headers in order, as `[name, value in base64 or null]`; names repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Option<String>)>,
    /// The headers' JSON in base64, where they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_json: Option<String>,
    /// The record's JSON in base64, where the record itself could not be read; then there is nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// The item's JSON in base64, where it was no record that was given up but an item that its function had fetched
    /// itself; then there is nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The JSON of `keySchemaMetadata` in base64, where the event source mapping read the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_schema_metadata: Option<String>,
    /// The JSON of `valueSchemaMetadata` in base64, where the event source mapping read the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_schema_metadata: Option<String>,
}

impl Place {
    pub(crate) fn of(topic_partition: &str, record: &RawRecord<'_>) -> Self {
        Place {
            topic_partition: topic_partition.to_owned(),
            topic: record.topic.to_owned(),
            partition: record.partition,
            offset: Some(record.offset),
            timestamp: record.timestamp,
            index: 0,
        }
    }
}

impl RawBytes {
    pub(crate) fn of(record: &RawRecord<'_>) -> Self {
        RawBytes {
            key: record.key.map(base64),
            value: record.value.map(base64),
            key_schema_metadata: record.key_schema.map(|metadata| base64(metadata.raw())),
            value_schema_metadata: record.value_schema.map(|metadata| base64(metadata.raw())),
            ..Self::of_headers(record.headers)
        }
    }

    /// A record whose base64 could not be read: its texts as they came.
    pub(crate) fn of_undecoded(record: &Record<'_>) -> Self {
        RawBytes {
            key: record.key.as_ref().map(|encoded| encoded.raw().into_owned()),
            value: record.value.as_ref().map(|encoded| encoded.raw().into_owned()),
            key_schema_metadata: record.key_schema.as_ref().map(|metadata| base64(metadata.raw())),
            value_schema_metadata: record.value_schema.as_ref().map(|metadata| base64(metadata.raw())),
            ..Self::of_headers(&record.headers)
        }
    }

    /// The headers in order; where they cannot be read, their JSON as it came.
    fn of_headers(headers: &Headers<'_>) -> Self {
        let parsed: Result<Vec<_>, _> = headers
            .iter()
            .map(|header| header.map(|header| (header.name.into_owned(), header.value.as_deref().map(base64))))
            .collect();
        match parsed {
            Ok(headers) => RawBytes { headers, ..RawBytes::default() },
            Err(_) => RawBytes { headers_json: Some(base64(headers.raw())), ..RawBytes::default() },
        }
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// Why a record was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The bounded name of the failure.
    pub code: String,
    /// Where in its journey: `scan`, `decode`, `claim`, `handle`, `settle`.
    pub stage: String,
    /// The error and what caused it, outermost first. No row data.
    pub chain: Vec<String>,
    /// The effect may have happened: a person decides whether to repeat it.
    pub uncertain: bool,
}

/// Which deployment gave the record up, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUpBy {
    /// Function name.
    pub function: String,
    /// Function version.
    pub function_version: String,
    /// The invocation's request id, to find its logs.
    pub request_id: String,
    /// Tries in that invocation, from 1.
    pub attempt: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// How often an operator has sent the record again, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// Tries that failed.
    pub attempts: u32,
    /// When the last one was, in milliseconds since 1970.
    pub last_at_ms: u64,
    /// What the function said then.
    pub last_error: String,
}

/// Everything about a record that was given up. Holds row data (the raw bytes): its queue deserves the table's care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// [`LETTER_VERSION`].
    pub version: u32,
    /// Same record, same id.
    pub id: LetterId,
    /// `aws:kafka` or `SelfManagedKafka`; what the function calls its source, where it fetched an item itself.
    pub event_source: String,
    /// The cluster's ARN, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source_arn: Option<String>,
    /// The cluster's `host:port` list, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_servers: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Its bytes.
    pub raw: RawBytes,
    /// The key's writer schema, as far as it could be told (`id:100001`, `guid:…`, `glue:…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_schema: Option<String>,
    /// The value's writer schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_schema: Option<String>,
    /// The claim that guards the effect, if one was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Why.
    pub error: Reason,
    /// By whom.
    pub given_up_by: GivenUpBy,
    /// What redriving it has come to so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven: Option<Redriven>,
}

/// Where letters are kept.
///
/// An implementation must hold the contract suite in `testing::dead_letters_contract`.
pub trait DeadLetters: Send + Sync {
    /// Stores a letter durably. `Ok` is what lets the record count as finished.
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>>;
}
