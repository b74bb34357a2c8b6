//! The response to Lambda: the unfinished records.

use serde::Serialize;

/// A partial batch response: `{"batchItemFailures":[{"itemIdentifier":{"partition":"orders-0","offset":100}}]}`.
///
/// Lambda reads it only when the mapping has `ReportBatchItemFailures` switched on; without that, every record that
/// is reported here is committed and lost. An empty response means that all succeeded.
///
/// ```
/// let mut response = kafka_events::BatchResponse::default();
/// response.report("orders-0", 100);
/// assert_eq!(
///     serde_json::to_string(&response).unwrap(),
///     r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"orders-0","offset":100}}]}"#
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BatchResponse {
    /// The unfinished records.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<BatchItemFailure>,
}

/// One unfinished record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchItemFailure {
    /// Which one.
    #[serde(rename = "itemIdentifier")]
    pub item: ItemIdentifier,
}

/// The coordinates of a record as Lambda knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemIdentifier {
    /// The event's own map key ([`TopicPartition::name`](crate::TopicPartition::name)), verbatim: Lambda retries the
    /// whole batch when the response has a key that it did not send.
    pub partition: String,
    /// The offset in that partition.
    pub offset: i64,
}

impl BatchResponse {
    /// Reports the record at `offset` of the topic-partition as unfinished.
    ///
    /// Lambda may read a report as "retry this record" or as "go on from here", so report the first unfinished record
    /// of a topic-partition *and every later one that is unfinished*: that is correct either way.
    pub fn report(&mut self, partition: impl Into<String>, offset: i64) {
        self.failures.push(BatchItemFailure { item: ItemIdentifier { partition: partition.into(), offset } });
    }

    /// Whether everything succeeded.
    pub fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }
}
