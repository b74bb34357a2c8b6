//! Dead letters: everything that a person or the redrive needs to know about a record that was given up.

use std::fmt;

use futures_util::future::BoxFuture;
use kafka_events::{Headers, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::raw_record::RawRecord;
use crate::store_error::StoreError;

/// The version of [`DeadLetter`]'s JSON form.
pub const LETTER_VERSION: u32 = 1;

/// The suffix of the name under which an uncertain claim is parked.
const UNCERTAIN: &str = "-redriven";

/// A letter's id. It is made from the record's place in Kafka, so a record that is dead-lettered twice has one id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterId(String);

impl LetterId {
    /// The id for a record's place; the timestamp distinguishes records of a recreated topic from the old ones.
    pub fn of(function: &str, source: &str, place: &Place) -> Self {
        let mut hash = Sha256::new();
        for part in [function.as_bytes(), source.as_bytes(), place.topic_partition.as_bytes(), place.topic.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        for number in [i64::from(place.partition), place.offset.unwrap_or(-1), place.timestamp, place.index as i64] {
            // The position in the batch identifies a record only if its offset cannot be read; otherwise it is 0.
            hash.update(number.to_be_bytes());
        }
        LetterId(hex::encode(&hash.finalize()[..16]))
    }

    /// The name under which a claim is parked if its effect may have happened. It is not the letter's own id, because
    /// claims under that id had no effect and a redrive frees them itself. A redrive of an earlier version looks only
    /// at the name, and leaves this one to a person too.
    ///
    /// Stored as `<id>-redriven`: every version knows this form, which at first only redriven records used.
    #[must_use]
    pub fn uncertain(&self) -> Self {
        match self.0.ends_with(UNCERTAIN) {
            true => self.clone(),
            false => LetterId(format!("{}{UNCERTAIN}", self.0)),
        }
    }

    /// The id that the letter has in its queue, from either of the two names.
    pub(crate) fn without_suffix(&self) -> &str {
        self.0.strip_suffix(UNCERTAIN).unwrap_or(&self.0)
    }

    /// An id as it is stored.
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

/// The place of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the topic-partition, as the event spells it. Stored as `lane`.
    #[serde(rename = "lane")]
    pub topic_partition: String,
    /// Topic.
    pub topic: String,
    /// Partition; -1 where it cannot be read.
    pub partition: i32,
    /// Offset; absent where it cannot be read.
    pub offset: Option<i64>,
    /// Record timestamp in milliseconds since 1970; -1 where there is none.
    pub timestamp: i64,
    /// Position in the partition's batch, from 0; 0 too wherever the offset can be read.
    pub index: usize,
}

/// The bytes of a record as they were delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawBytes {
    /// The key in base64, with its frame; where its base64 could not be read, its text as it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value in base64, with its frame; where its base64 could not be read, its text as it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The headers in order, as `[name, value in base64 or null]`; names may repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Option<String>)>,
    /// The headers' JSON in base64, where they could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_json: Option<String>,
    /// The record's JSON in base64, where the record itself could not be read; then all other fields are empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// The item's JSON in base64, if not a record was given up but an item that the function had fetched itself; then
    /// all other fields are empty.
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

    /// A record whose base64 could not be read: its texts as they were delivered.
    pub(crate) fn of_undecoded(record: &Record<'_>) -> Self {
        RawBytes {
            key: record.key.as_ref().map(|encoded| encoded.raw().into_owned()),
            value: record.value.as_ref().map(|encoded| encoded.raw().into_owned()),
            key_schema_metadata: record.key_schema.as_ref().map(|metadata| base64(metadata.raw())),
            value_schema_metadata: record.value_schema.as_ref().map(|metadata| base64(metadata.raw())),
            ..Self::of_headers(&record.headers)
        }
    }

    /// The headers in order; where they cannot be read, their JSON as it was delivered.
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
    /// The error code, from a bounded set.
    pub code: String,
    /// The stage: `scan`, `decode`, `claim`, `handle` or `settle`.
    pub stage: String,
    /// The error and its causes, outermost first. Contains no row data.
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
    /// The number of the last attempt in that invocation, from 1.
    pub attempt: u32,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// How often the record was redriven, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redriven {
    /// Tries that failed.
    pub attempts: u32,
    /// When the last one was, in milliseconds since 1970.
    pub last_at_ms: u64,
    /// The function's error at that time.
    pub last_error: String,
}

/// A dead letter. It contains row data (the raw bytes): protect its queue as you protect the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// [`LETTER_VERSION`].
    pub version: u32,
    /// The letter's id: the same for the same record.
    pub id: LetterId,
    /// `aws:kafka` or `SelfManagedKafka`; for an item that the function fetched itself, the function's own name of the
    /// source.
    pub event_source: String,
    /// The cluster's ARN, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source_arn: Option<String>,
    /// The cluster's `host:port` list, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_servers: Option<String>,
    /// The record's place.
    #[serde(flatten)]
    pub place: Place,
    /// The record's bytes.
    pub raw: RawBytes,
    /// The key's writer schema, if it is known (`id:100001`, `guid:…`, `glue:…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_schema: Option<String>,
    /// The value's writer schema, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_schema: Option<String>,
    /// The claim that guards the effect, if one was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Why the record was given up.
    pub error: Reason,
    /// Which deployment gave it up, and when.
    pub given_up_by: GivenUpBy,
    /// The failed redrives so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven: Option<Redriven>,
}

/// The port of a store of dead letters.
///
/// An implementation must pass the contract suite `testing::dead_letters_contract`.
pub trait DeadLetters: Send + Sync {
    /// Stores a letter durably. The record counts as finished only after `Ok`.
    fn store<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), StoreError>>;
}
