//! Counters of a mapping, under the names that AWS gives its metrics.

/// Records by what became of them. Each field is the CloudWatch metric of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the metrics' names")]
pub struct Counters {
    pub polled_event_count: u64,
    pub filtered_out_event_count: u64,
    /// Counts a record again for each retry.
    pub invoked_event_count: u64,
    pub failed_invoke_event_count: u64,
    pub on_failure_destination_delivered_event_count: u64,
    pub dropped_event_count: u64,
}
