//! The end of an invocation, and the meaning of a response.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::record::TopicPartition;

/// What came of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The function returned this.
    Returned(&'a [u8]),
    /// The function failed, timed out or crashed.
    Failed,
    /// The function was not invoked: it is throttled, or its endpoint cannot be reached.
    NotInvoked,
}

/// Why a response cannot be used: the whole batch is retried.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It does not have the shape of a batch response.
    #[error(
        "the response is not a batch response ({0}). Expected: {{\"batchItemFailures\": [{{\"itemIdentifier\": {{\"partition\": \"topic-0\", \"offset\": 1}}}}]}}"
    )]
    Malformed(#[source] serde_json::Error),
    /// It lists a record that the batch does not hold.
    #[error(
        "the response lists {partition} at offset {offset}, which is not in the batch. Return `partition` as the event spells the key of its records"
    )]
    Unknown {
        /// As the response spells it.
        partition: String,
        /// The offset.
        offset: i64,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Response {
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: Item,
}

#[derive(Deserialize)]
struct Item {
    partition: String,
    offset: i64,
}

/// The records that a response lists as failed, as it spells their partitions.
pub(crate) fn listed(response: &[u8]) -> Result<Vec<(String, i64)>, Unusable> {
    if response.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let response: Option<Response> = serde_json::from_slice(response).map_err(Unusable::Malformed)?;
    let failures = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
    Ok(failures
        .into_iter()
        .map(|failure| (failure.item_identifier.partition, failure.item_identifier.offset))
        .collect())
}

/// The same, as records of the batch.
pub(crate) fn known(
    listed: Vec<(String, i64)>,
    sent: &BTreeSet<(TopicPartition, i64)>,
    must_be_known: bool,
) -> Result<BTreeSet<(TopicPartition, i64)>, Unusable> {
    let names: BTreeMap<_, _> = sent.iter().map(|(at, _)| (at.to_string(), at)).collect();
    let mut found = BTreeSet::new();
    for (partition, offset) in listed {
        let record = names.get(&partition).map(|at| ((*at).clone(), offset)).filter(|record| sent.contains(record));
        match record {
            Some(record) => drop(found.insert(record)),
            None if must_be_known => return Err(Unusable::Unknown { partition, offset }),
            None => {}
        }
    }
    Ok(found)
}
