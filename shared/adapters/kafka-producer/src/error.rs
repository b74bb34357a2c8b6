//! Why a record was not acknowledged, and what that proves.

use std::error::Error;

use event_runtime::{Blame, Disposition, Failure};

/// A record was not acknowledged. The message holds nothing of the record but its topic.
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
    /// No broker answers: nothing was sent.
    #[error("no Kafka broker can be reached: check the bootstrap servers, the security group and the listener")]
    Unreachable,
    /// It did not leave in its time: nothing was sent.
    #[error("the record did not reach Kafka in its time; it was not sent")]
    NotSent,
    /// It left, and no answer came: it may be in the log.
    #[error("Kafka did not acknowledge the record in its time; it may have been written")]
    Unacknowledged,
    /// Kafka wrote it to the leader and then lacked replicas: it may stay.
    #[error("too few replicas acknowledged the record; it may have been written")]
    TooFewReplicas,
    /// Kafka refused to write it for want of replicas or of a leader.
    #[error("the partition has no leader or too few replicas in sync; the record was not written")]
    PartitionUnavailable,
    /// The credentials are wrong, or the role may not write.
    #[error("Kafka refuses the credentials or the right to write idempotently to the topic")]
    Denied,
    /// There are no credentials to sign in with: nothing was sent.
    #[error("there are no credentials to sign in to Kafka with; nothing was sent")]
    NoCredentials,
    /// The broker shows a certificate that we do not trust, or does not trust ours: nothing was sent.
    #[error("the TLS handshake with Kafka failed; nothing was sent")]
    Untrusted,
    /// There is no such topic.
    #[error("the topic does not exist, and producers here create none")]
    TopicMissing,
    /// The record is larger than the topic takes.
    #[error("the record is larger than the topic allows (max.message.bytes)")]
    TooLarge,
    /// The topic does not take such a record: no key on a compacted topic, or the broker's own check of its records.
    #[error("the topic does not take such a record: a compacted one needs a key, and a broker may check what is sent")]
    Rejected,
    /// The time at which we send is out of the range that the topic takes.
    #[error(
        "the broker does not take the time of sending: this machine's clock is ahead or behind, or the topic's \
         message.timestamp.after.max.ms or message.timestamp.before.max.ms leaves no room"
    )]
    Clock,
    /// Settings that cannot work, or a broker that lacks what is needed.
    #[error("the producer's settings do not fit this cluster")]
    Misconfigured,
}

impl DeliveryError {
    /// A problem with a record of a topic.
    pub fn new(topic: impl Into<String>, problem: DeliveryProblem) -> Self {
        DeliveryError { topic: topic.into(), problem, cause: None }
    }

    /// Adds what caused it; its text must hold nothing of the record.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// What it was.
    pub fn problem(&self) -> DeliveryProblem {
        self.problem
    }
}

impl Failure for DeliveryError {
    /// `Retry`: nothing was written. `Uncertain`: it may have been. `DeadLetter`: this record will never be taken.
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

    /// A record is to blame only where it was refused alone, and others beside it were not.
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
