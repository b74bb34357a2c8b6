//! What every destination is told: which function failed, over what, and which offsets are concerned.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::OnFailureError;
use super::tolerant::{number, text};

/// One document of an on-failure destination.
#[derive(Debug, Clone)]
pub struct OnFailure {
    /// The request id of the last invocation.
    pub request_id: Option<String>,
    /// The function that failed, as its ARN, version or alias included.
    pub function_arn: Option<String>,
    /// Why the mapping gave up.
    pub condition: Condition,
    /// How often it had invoked the function, about.
    pub invoke_count: Option<i64>,
    /// What Lambda said to the last invocation; absent where there was none or it had no answer.
    pub response: Option<Response>,
    /// When, as the document says it (RFC 3339).
    pub timestamp: Option<String>,
    /// The batch that failed.
    pub batch: Batch,
    /// The payload's JSON, where the destination is told it.
    pub(crate) payload: Option<String>,
}

/// Why an event source mapping gave a batch up.
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
    /// Something that AWS did not say before; empty where it says nothing.
    Other(String),
}

impl Condition {
    fn of(text: &str) -> Self {
        // Spellings differ between documentation and documents; so might their case.
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        match letters.to_ascii_lowercase().as_str() {
            "retryattemptsexhausted" | "retriesexhausted" => Condition::RetriesExhausted,
            "maximumpayloadsizeexceeded" => Condition::PayloadTooLarge,
            "schemanotfound" => Condition::SchemaNotFound,
            "deserializationerror" => Condition::Undecodable,
            _ => Condition::Other(text.to_owned()),
        }
    }

    /// A bounded name.
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

/// What Lambda said to an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The HTTP status; 200 also where the function failed.
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
    /// Records in it.
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
    /// What of each topic-partition was in it.
    #[serde(default, rename = "recordsInfo", deserialize_with = "partitions")]
    pub partitions: BTreeMap<String, OffsetRange>,
}

/// What of a topic-partition was in a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OffsetRange {
    /// First offset.
    #[serde(default, rename = "firstRecordOffset", deserialize_with = "number")]
    pub first_offset: Option<i64>,
    /// Last offset.
    #[serde(default, rename = "lastRecordOffset", deserialize_with = "number")]
    pub last_offset: Option<i64>,
    /// The first record's time, as the document says it.
    #[serde(default, rename = "firstRecordTimestamp", deserialize_with = "text")]
    pub first_timestamp: Option<String>,
    /// The last record's time, as the document says it.
    #[serde(default, rename = "lastRecordTimestamp", deserialize_with = "text")]
    pub last_timestamp: Option<String>,
}

impl OnFailure {
    /// Reads a document, also one inside an SNS notification.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(document: &[u8]) -> Result<Self, OnFailureError> {
        let document: Document<'_> = serde_json::from_slice(document)?;
        match document {
            Document { message: Some(message), request_context: None, batch: None, .. } => {
                serde_json::from_str::<Document<'_>>(&message)?.understood()
            }
            document => document.understood(),
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
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    request_context: Option<RequestContext>,
    response_context: Option<Response>,
    #[serde(default, deserialize_with = "text")]
    timestamp: Option<String>,
    #[serde(rename = "KafkaBatchInfo")]
    batch: Option<Batch>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// SNS's envelope.
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

impl Document<'_> {
    fn understood(self) -> Result<OnFailure, OnFailureError> {
        let request = self.request_context.ok_or(OnFailureError::Foreign("requestContext"))?;
        let batch = self.batch.ok_or(OnFailureError::Foreign("KafkaBatchInfo"))?;
        let payload = match self.payload.map(RawValue::get) {
            None | Some("null") => None,
            // S3: the event as text.
            Some(text) if text.starts_with('"') => Some(serde_json::from_str(text)?),
            Some(json) => Some(json.to_owned()),
        };
        Ok(OnFailure {
            request_id: request.request_id,
            function_arn: request.function_arn,
            condition: Condition::of(&request.condition.unwrap_or_default()),
            invoke_count: request.approximate_invoke_count,
            response: self.response_context,
            timestamp: self.timestamp,
            batch,
            payload,
        })
    }
}

/// Null is as good as none.
fn partitions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, OffsetRange>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
