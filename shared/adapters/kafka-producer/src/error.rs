//! Errors of records that were not acknowledged, each with whether the record may have been written.

use std::error::Error;

use event_runtime::{Blame, Disposition, Failure};

/// A record was not acknowledged. Of the record the message holds only the topic.
#[derive(Debug, thiserror::Error)]
#[error("{problem} (topic {topic})")]
pub struct DeliveryError {
    topic: String,
    problem: DeliveryProblem,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What kept a record from being acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryProblem {
    /// No broker answers. Nothing was sent.
    #[error("no Kafka broker can be reached: check the bootstrap servers, the security group and the listener")]
    Unreachable,
    /// It was not sent in time.
    #[error("the record could not be sent within the delivery timeout; it was not written")]
    NotSent,
    /// It was sent and not answered: it may have been written.
    #[error("Kafka did not acknowledge the record within the delivery timeout; it may have been written")]
    Unacknowledged,
    /// The leader wrote it and then had too few replicas in sync: it may stay.
    #[error("too few replicas acknowledged the record; it may have been written")]
    TooFewReplicas,
    /// Kafka refused to write it: no leader, or too few replicas in sync.
    #[error("the partition has no leader or too few replicas in sync; the record was not written")]
    PartitionUnavailable,
    /// The credentials are wrong, or the role may not write.
    #[error(
        "Kafka refuses the credentials, or the right to write idempotently to the topic: check the secret and the role's rights"
    )]
    Denied,
    /// The credentials cannot be read. Nothing was sent.
    #[error("the credentials for Kafka cannot be read; nothing was sent")]
    NoCredentials,
    /// One side does not trust the other's certificate. Nothing was sent.
    #[error("the TLS handshake with Kafka failed; nothing was sent")]
    Untrusted,
    /// The topic does not exist.
    #[error("the topic does not exist: create it, a producer does not")]
    TopicMissing,
    /// The record is larger than the topic takes.
    #[error("the record is larger than the topic allows (max.message.bytes)")]
    TooLarge,
    /// The topic refuses such a record: it has no key and the topic is compacted, or the broker validates records.
    #[error("the topic refuses such a record: a compacted topic needs a key, and a broker may validate records")]
    Rejected,
    /// The time of sending is outside the range that the topic allows.
    #[error(
        "the broker refuses the time of sending: this machine's clock is ahead or behind, or the topic's \
         message.timestamp.after.max.ms or message.timestamp.before.max.ms is too small"
    )]
    Clock,
    /// The settings do not fit the cluster, or the broker lacks a feature.
    #[error("the producer's settings do not fit this cluster: check certificates and broker version")]
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

impl Failure for DeliveryError {
    /// `Retry`: nothing was written. `Uncertain`: it may have been. `DeadLetter`: this record will never be accepted.
    fn disposition(&self) -> Disposition {
        match self.problem {
            DeliveryProblem::Unreachable
            | DeliveryProblem::NotSent
            | DeliveryProblem::PartitionUnavailable
            // Faults of the deployment: they would be the same for every record.
            | DeliveryProblem::Denied
            | DeliveryProblem::NoCredentials
            | DeliveryProblem::Untrusted
            | DeliveryProblem::TopicMissing
            | DeliveryProblem::Clock
            | DeliveryProblem::Misconfigured => Disposition::Retry { after: None },
            DeliveryProblem::Unacknowledged | DeliveryProblem::TooFewReplicas => Disposition::Uncertain,
            DeliveryProblem::TooLarge | DeliveryProblem::Rejected => Disposition::DeadLetter,
        }
    }

    fn code(&self) -> &'static str {
        match self.problem {
            DeliveryProblem::Unreachable => "kafka_unreachable",
            DeliveryProblem::NotSent => "kafka_not_sent",
            DeliveryProblem::Unacknowledged => "kafka_unacknowledged",
            DeliveryProblem::TooFewReplicas => "kafka_too_few_replicas",
            DeliveryProblem::PartitionUnavailable => "kafka_partition_unavailable",
            DeliveryProblem::Denied => "kafka_denied",
            DeliveryProblem::NoCredentials => "kafka_credentials_missing",
            DeliveryProblem::Untrusted => "kafka_untrusted",
            DeliveryProblem::TopicMissing => "kafka_topic_missing",
            DeliveryProblem::TooLarge => "kafka_record_too_large",
            DeliveryProblem::Rejected => "kafka_record_rejected",
            DeliveryProblem::Clock => "kafka_clock",
            DeliveryProblem::Misconfigured => "kafka_misconfigured",
        }
    }

    /// The record is to blame only where it was refused alone and others were not.
    fn blame(&self) -> Blame {
        match self.problem {
            DeliveryProblem::TooLarge | DeliveryProblem::Rejected => Blame::Record,
            DeliveryProblem::Unreachable
            | DeliveryProblem::NotSent
            | DeliveryProblem::Unacknowledged
            | DeliveryProblem::TooFewReplicas
            | DeliveryProblem::PartitionUnavailable
            | DeliveryProblem::Denied
            | DeliveryProblem::NoCredentials
            | DeliveryProblem::Untrusted
            | DeliveryProblem::TopicMissing
            | DeliveryProblem::Clock
            | DeliveryProblem::Misconfigured => Blame::Deployment,
        }
    }
}
