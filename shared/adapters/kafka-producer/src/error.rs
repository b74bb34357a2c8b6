//! Errors of records that were not acknowledged, each with whether the record may have been written.

use std::error::Error;

use event_runtime::Failure;

/// A record was not acknowledged. Of the record the message holds only the topic.
#[derive(Debug, Failure)]
#[failure("{problem} (topic {topic})", forward = problem)]
pub struct DeliveryError {
    topic: String,
    problem: DeliveryProblem,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What kept a record from being acknowledged. `Retry`: nothing was written. `Uncertain`: it may have been. `DeadLetter`:
/// this record will never be accepted. A fault of the deployment would be the same for every record; the record is to blame
/// only where it was refused alone and others were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
pub enum DeliveryProblem {
    /// No broker answers; nothing was sent.
    #[failure(
        "no Kafka broker can be reached: check the bootstrap servers, the security group and the listener",
        retry,
        code = "kafka_unreachable",
        remedy = "Check the bootstrap servers, the security group and the listener."
    )]
    Unreachable,
    /// The record was not sent in time.
    #[failure(
        "the record could not be sent within the delivery timeout; it was not written",
        retry,
        code = "kafka_not_sent",
        remedy = "Wait; if it lasts, send fewer records at once or raise the delivery timeout."
    )]
    NotSent,
    /// The record was sent and not answered: it may be in the log.
    #[failure(
        "Kafka did not acknowledge the record within the delivery timeout; it may have been written",
        uncertain,
        code = "kafka_unacknowledged",
        remedy = "Look for the record in the topic."
    )]
    Unacknowledged,
    /// The leader wrote the record, then too few replicas were in sync: it may stay.
    #[failure(
        "too few replicas acknowledged the record; it may have been written",
        uncertain,
        code = "kafka_too_few_replicas",
        remedy = "Repair the brokers; look for the record in the topic."
    )]
    TooFewReplicas,
    /// No leader or too few replicas in sync; Kafka refused the record before writing it.
    #[failure(
        "the partition has no leader or too few replicas in sync; the record was not written",
        retry,
        code = "kafka_partition_unavailable",
        remedy = "Repair the brokers."
    )]
    PartitionUnavailable,
    /// Credentials or rights are refused: the same for every record.
    #[failure(
        "Kafka refuses the credentials, or the right to write idempotently to the topic: check the secret and the role's rights",
        retry,
        code = "kafka_denied",
        remedy = "Check the secret and the rights of the role or the user, also the one to write idempotently."
    )]
    Denied,
    /// The AWS credentials, or user and password, cannot be read. Nothing was sent.
    #[failure(
        "the credentials for Kafka cannot be read; nothing was sent",
        retry,
        code = "kafka_credentials_missing",
        remedy = "Check the secret, and the role's right to read it."
    )]
    NoCredentials,
    /// The TLS handshake failed; the error says against which certificates the broker was checked. Nothing was sent.
    #[failure(
        "the TLS handshake with Kafka failed; nothing was sent",
        retry,
        code = "kafka_untrusted",
        remedy = "Correct the certificates of the broker or of the producer."
    )]
    Untrusted,
    /// The topic does not exist; a producer does not create it.
    #[failure(
        "the topic does not exist: create it, a producer does not",
        retry,
        code = "kafka_topic_missing",
        remedy = "Create the topic, or correct its name."
    )]
    TopicMissing,
    /// Larger than the topic allows (MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE), even alone; the record's own fault.
    #[failure(
        "the record is larger than the topic allows (max.message.bytes)",
        dead_letter,
        code = "kafka_record_too_large",
        blame = record,
        remedy = "Raise the topic's `max.message.bytes`, or make the record smaller."
    )]
    TooLarge,
    /// The topic refuses the record (INVALID_RECORD), even alone: a compacted topic needs a key, or a broker
    /// validates records. The record's own fault.
    #[failure(
        "the topic refuses such a record: a compacted topic needs a key, and a broker may validate records",
        dead_letter,
        code = "kafka_record_rejected",
        blame = record,
        remedy = "Correct the record; if every record is refused, check the topic."
    )]
    Rejected,
    /// The time of sending is outside the topic's range (INVALID_TIMESTAMP), which is the same for every record.
    #[failure(
        "the broker refuses the time of sending: this machine's clock is ahead or behind, or the topic's message.timestamp.after.max.ms or message.timestamp.before.max.ms is too small",
        retry,
        code = "kafka_clock",
        remedy = "Correct this machine's clock, or raise `message.timestamp.after.max.ms` or `.before.max.ms`."
    )]
    Clock,
    /// The settings or certificates do not fit the cluster, or the broker lacks a feature.
    #[failure(
        "the producer's settings do not fit this cluster: check certificates and broker version",
        retry,
        code = "kafka_misconfigured",
        remedy = "Check the certificates and the broker's version."
    )]
    Misconfigured,
}

impl DeliveryError {
    /// A problem with a record of a topic.
    pub fn new(topic: impl Into<String>, problem: DeliveryProblem) -> Self {
        DeliveryError { topic: topic.into(), problem, cause: None }
    }

    /// Adds the cause; its text must not contain data of the record.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The problem.
    pub fn problem(&self) -> DeliveryProblem {
        self.problem
    }
}

#[cfg(test)]
mod tests {
    use event_runtime::{FailureCodes, code_table};

    use super::*;

    #[test]
    fn the_readme_lists_the_codes() {
        let table = code_table(DeliveryProblem::CODES);
        assert!(include_str!("../README.md").contains(&table), "the README's table should be:\n{table}");
    }
}
