//! The format of a document: which function failed, why, and which offsets the batch had.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::OnFailureError;
use super::scalars::{number, text};

/// One document of an on-failure destination.
#[derive(Debug, Clone)]
pub struct OnFailureDocument {
    /// The request id of the last invocation.
    pub request_id: Option<String>,
    /// The ARN of the function that failed, with its version or alias.
    pub function_arn: Option<String>,
    /// Why the mapping gave up.
    pub condition: Condition,
    /// How often it invoked the function, approximately.
    pub invoke_count: Option<i64>,
    /// Lambda's response to the last invocation; `None` where there was no invocation or no response.
    pub response: Option<Response>,
    /// When the mapping gave up, verbatim (RFC 3339).
    pub timestamp: Option<String>,
    /// The batch that failed.
    pub batch: Batch,
    /// The payload's JSON, where the destination receives it.
    pub(crate) payload: Option<String>,
}

/// Why an event source mapping gave up a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The function kept failing (`RetryAttemptsExhausted`, also seen as `RetriesExhausted`).
    RetriesExhausted,
    /// A record does not fit into an invocation (`MaximumPayloadSizeExceeded`).
    PayloadTooLarge,
    /// The mapping's own registry integration found no schema (`SCHEMA_NOT_FOUND`).
    SchemaNotFound,
    /// The mapping's own registry integration could not read a record (`DESERIALIZATION_ERROR`).
    Undecodable,
    /// A condition that is not in AWS's documentation; empty where the document has none.
    Other(String),
}

impl Condition {
    fn of(text: &str) -> Self {
        // Spellings differ between AWS's documentation and its documents; case may differ too.
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        match letters.to_ascii_lowercase().as_str() {
            "retryattemptsexhausted" | "retriesexhausted" => Condition::RetriesExhausted,
            "maximumpayloadsizeexceeded" => Condition::PayloadTooLarge,
            "schemanotfound" => Condition::SchemaNotFound,
            "deserializationerror" => Condition::Undecodable,
            _ => Condition::Other(text.to_owned()),
        }
    }

    /// Its error code.
    pub fn code(&self) -> &'static str {
        match self {
            Condition::RetriesExhausted => "retries_exhausted",
            Condition::PayloadTooLarge => "payload_too_large",
            Condition::SchemaNotFound => "schema_not_found",
            Condition::Undecodable => "deserialization_error",
            Condition::Other(_) => "condition_unknown",
        }
    }
}

/// Lambda's response to an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The HTTP status; also 200 where the function failed.
    #[serde(default, deserialize_with = "number")]
    pub status_code: Option<i64>,
    /// The version that ran.
    #[serde(default, deserialize_with = "text")]
    pub executed_version: Option<String>,
    /// `Unhandled` where the function failed.
    #[serde(default, deserialize_with = "text")]
    pub function_error: Option<String>,
}

/// A batch that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// How many records it has.
    #[serde(default, rename = "batchSize", deserialize_with = "number")]
    pub size: Option<i64>,
    /// The cluster's ARN; absent from self-managed Kafka.
    #[serde(default, deserialize_with = "text")]
    pub event_source_arn: Option<String>,
    /// Comma-separated `host:port`.
    #[serde(default, deserialize_with = "text")]
    pub bootstrap_servers: Option<String>,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "number")]
    pub payload_size: Option<i64>,
    /// The offsets of each partition in it, by the mapping's name of the partition (`topic-partition`).
    #[serde(default, rename = "recordsInfo", deserialize_with = "partitions")]
    pub partitions: BTreeMap<String, OffsetRange>,
}

/// The records of one partition in a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OffsetRange {
    /// First offset.
    #[serde(default, rename = "firstRecordOffset", deserialize_with = "number")]
    pub first_offset: Option<i64>,
    /// Last offset.
    #[serde(default, rename = "lastRecordOffset", deserialize_with = "number")]
    pub last_offset: Option<i64>,
    /// The first record's timestamp, verbatim.
    #[serde(default, rename = "firstRecordTimestamp", deserialize_with = "text")]
    pub first_timestamp: Option<String>,
    /// The last record's timestamp, verbatim.
    #[serde(default, rename = "lastRecordTimestamp", deserialize_with = "text")]
    pub last_timestamp: Option<String>,
}

impl OnFailureDocument {
    /// Reads a document, also one inside an SNS notification.
    ///
    /// # Errors
    /// When it is not a document of an on-failure destination.
    pub fn read(document: &[u8]) -> Result<Self, OnFailureError> {
        let document: Parts<'_> = serde_json::from_slice(document)?;
        match document {
            Parts { message: Some(message), request_context: None, batch: None, .. } => {
                serde_json::from_str::<Parts<'_>>(&message)?.try_into()
            }
            document => document.try_into(),
        }
    }

    /// The function's name, without region, account and version.
    pub fn function_name(&self) -> Option<&str> {
        let arn = self.function_arn.as_deref()?;
        match arn.split_once(":function:") {
            Some((_, name)) => name.split(':').next().filter(|name| !name.is_empty()),
            None => Some(arn).filter(|arn| !arn.is_empty() && !arn.contains(':')),
        }
    }

    /// The version or alias that the mapping invoked; `None` for the unpublished version.
    pub fn function_qualifier(&self) -> Option<&str> {
        let (_, function) = self.function_arn.as_deref()?.split_once(":function:")?;
        let (_, qualifier) = function.split_once(':')?;
        Some(qualifier).filter(|qualifier| !qualifier.is_empty() && *qualifier != "$LATEST")
    }

    /// When the mapping gave up; `None` where the document has no readable time.
    pub fn failed_at(&self) -> Option<Timestamp> {
        self.timestamp.as_deref()?.parse().ok()
    }

    /// The topics of the batch.
    pub fn topics(&self) -> BTreeSet<&str> {
        self.batch.partitions.keys().filter_map(|name| topic_and_partition(name)).map(|(topic, _)| topic).collect()
    }
}

/// Splits the mapping's name of a partition into its topic and the partition's number.
pub(crate) fn topic_and_partition(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('-')
}

/// The parts of a document, each of which may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    request_context: Option<RequestContext>,
    response_context: Option<Response>,
    #[serde(default, deserialize_with = "text")]
    timestamp: Option<String>,
    #[serde(rename = "KafkaBatchInfo")]
    batch: Option<Batch>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// The document inside an SNS notification.
    #[serde(borrow, rename = "Message")]
    message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default, deserialize_with = "text")]
    request_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    function_arn: Option<String>,
    #[serde(default, deserialize_with = "text")]
    condition: Option<String>,
    #[serde(default, deserialize_with = "number")]
    approximate_invoke_count: Option<i64>,
}

impl TryFrom<Parts<'_>> for OnFailureDocument {
    type Error = OnFailureError;

    fn try_from(parts: Parts<'_>) -> Result<Self, OnFailureError> {
        let request = parts.request_context.ok_or(OnFailureError::Missing("requestContext"))?;
        let batch = parts.batch.ok_or(OnFailureError::Missing("KafkaBatchInfo"))?;
        let payload = match parts.payload.map(RawValue::get) {
            None | Some("null") => None,
            // S3 holds the event as text.
            Some(text) if text.starts_with('"') => Some(serde_json::from_str(text)?),
            Some(json) => Some(json.to_owned()),
        };
        Ok(OnFailureDocument {
            request_id: request.request_id,
            function_arn: request.function_arn,
            condition: Condition::of(&request.condition.unwrap_or_default()),
            invoke_count: request.approximate_invoke_count,
            response: parts.response_context,
            timestamp: parts.timestamp,
            batch,
            payload,
        })
    }
}

/// `null` reads as an empty map.
fn partitions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, OffsetRange>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
