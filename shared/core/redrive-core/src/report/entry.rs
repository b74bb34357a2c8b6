//! One letter or document in a report.

use event_runtime::DeadLetter;
use serde::Serialize;

use super::outcome::RedriveOutcome;
use crate::on_failure::{OnFailureDocument, topic_and_partition};

/// One letter or document, and its outcome. It holds no row data, unless `show` is asked for raw bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The letter's id; for a document, the id of its message or its key in S3.
    pub id: String,
    /// The function that gave up the record.
    pub function: Option<String>,
    /// The topic.
    pub topic: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
    /// The offset.
    pub offset: Option<i64>,
    /// The error code.
    pub code: String,
    /// Whether its effect may have happened.
    pub uncertain: bool,
    /// Failed redrives so far.
    pub attempts: u32,
    /// When the function gave up, in milliseconds since 1970.
    pub given_up_at_ms: Option<u64>,
    /// Its outcome; `fate` in JSON.
    #[serde(rename = "fate")]
    pub outcome: RedriveOutcome,
    /// Everything that the letter holds, for `show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

impl Entry {
    pub(crate) fn of_letter(letter: &DeadLetter, outcome: RedriveOutcome) -> Self {
        Entry {
            id: letter.id.to_string(),
            function: Some(letter.given_up_by.function.clone()),
            topic: Some(letter.place.topic.clone()),
            partition: Some(letter.place.partition),
            offset: letter.place.offset,
            code: letter.error.code.clone(),
            uncertain: letter.error.uncertain,
            attempts: letter.redriven.as_ref().map_or(0, |redriven| redriven.attempts),
            given_up_at_ms: Some(letter.given_up_by.at_ms),
            outcome,
            details: None,
        }
    }

    /// An on-failure document, with the first partition of its batch.
    pub(crate) fn of_document(id: &str, document: &OnFailureDocument, outcome: RedriveOutcome) -> Self {
        let first = document.batch.partitions.iter().next();
        let place = first.and_then(|(name, _)| topic_and_partition(name));
        Entry {
            function: document.function_name().map(str::to_owned),
            topic: place.map(|(topic, _)| topic.to_owned()),
            partition: place.and_then(|(_, partition)| partition.parse().ok()),
            offset: first.and_then(|(_, range)| range.first_offset),
            code: document.condition.code().to_owned(),
            given_up_at_ms: document.failed_at().and_then(|at| u64::try_from(at.as_millisecond()).ok()),
            ..Entry::of_unreadable_document(id, outcome)
        }
    }

    pub(crate) fn of_unreadable_document(id: &str, outcome: RedriveOutcome) -> Self {
        Entry {
            id: id.to_owned(),
            function: None,
            topic: None,
            partition: None,
            offset: None,
            code: "document_unreadable".to_owned(),
            uncertain: false,
            attempts: 0,
            given_up_at_ms: None,
            outcome,
            details: None,
        }
    }
}
