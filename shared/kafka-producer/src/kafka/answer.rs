//! What the client's errors prove.

use krafka::error::{ErrorCode, KrafkaError};

use crate::error::{DeliveryError, DeliveryProblem};

/// An error from before a record was handed over: whatever it is, the record was not sent.
pub(super) fn before_sending(topic: String, error: KrafkaError) -> DeliveryError {
    let problem = match problem(&error) {
        DeliveryProblem::Unacknowledged | DeliveryProblem::TooFewReplicas => DeliveryProblem::NotSent,
        told => told,
    };
    DeliveryError::new(topic, problem).caused_by(error)
}

/// An error of a record that was handed over.
pub(super) fn after_queueing(topic: String, error: KrafkaError) -> DeliveryError {
    let problem = match problem(&error) {
        // Of one try among several: an earlier one may have arrived.
        DeliveryProblem::Unreachable | DeliveryProblem::PartitionUnavailable => DeliveryProblem::Unacknowledged,
        told => told,
    };
    DeliveryError::new(topic, problem).caused_by(error)
}

fn problem(error: &KrafkaError) -> DeliveryProblem {
    match error {
        KrafkaError::Network(_) => DeliveryProblem::Unreachable,
        KrafkaError::DeliveryTimeout { possibly_written: false, .. } => DeliveryProblem::NotSent,
        KrafkaError::DeliveryTimeout { possibly_written: true, .. }
        | KrafkaError::Timeout { .. }
        | KrafkaError::OutOfOrderSequence { .. }
        | KrafkaError::Fenced { .. }
        | KrafkaError::Closed { .. } => DeliveryProblem::Unacknowledged,
        KrafkaError::Auth { .. } => DeliveryProblem::Denied,
        KrafkaError::UnknownTopic { .. } => DeliveryProblem::TopicMissing,
        KrafkaError::Config { .. } | KrafkaError::Compression { .. } => DeliveryProblem::Misconfigured,
        KrafkaError::Serialization { .. } => DeliveryProblem::Rejected,
        KrafkaError::Broker { code, .. } => refusal(*code),
        // The client's enum may grow. Whatever we do not know may have happened after the record was written.
        _ => DeliveryProblem::Unacknowledged,
    }
}

fn refusal(code: ErrorCode) -> DeliveryProblem {
    match code {
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => DeliveryProblem::TooLarge,
        ErrorCode::InvalidRecord | ErrorCode::InvalidTimestamp => DeliveryProblem::Rejected,
        ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId | ErrorCode::InvalidTopic => {
            DeliveryProblem::TopicMissing
        }
        ErrorCode::TopicAuthorizationFailed
        | ErrorCode::ClusterAuthorizationFailed
        | ErrorCode::SaslAuthenticationFailed
        | ErrorCode::UnsupportedSaslMechanism => DeliveryProblem::Denied,
        ErrorCode::NotEnoughReplicas
        | ErrorCode::LeaderNotAvailable
        | ErrorCode::NotLeaderForPartition
        | ErrorCode::BrokerNotAvailable
        | ErrorCode::ReplicaNotAvailable => DeliveryProblem::PartitionUnavailable,
        ErrorCode::NotEnoughReplicasAfterAppend => DeliveryProblem::TooFewReplicas,
        ErrorCode::UnsupportedVersion | ErrorCode::UnsupportedCompressionType => DeliveryProblem::Misconfigured,
        // As above: what we do not know may have happened after the record was written.
        _ => DeliveryProblem::Unacknowledged,
    }
}

#[cfg(test)]
mod tests {
    use event_runtime::{Disposition, Failure};

    use super::*;

    fn disposition(error: KrafkaError) -> Disposition {
        after_queueing("t".to_owned(), error).disposition()
    }

    #[test]
    fn only_what_certainly_was_not_written_may_be_sent_again_blindly() {
        let retry = Disposition::Retry { after: None };
        assert_eq!(disposition(KrafkaError::delivery_timeout(false, "no broker")), retry);
        assert_eq!(disposition(KrafkaError::delivery_timeout(true, "no answer")), Disposition::Uncertain);
        assert_eq!(disposition(KrafkaError::network(std::io::Error::other("reset"))), Disposition::Uncertain);
        let appended = KrafkaError::broker(ErrorCode::NotEnoughReplicasAfterAppend, "");
        assert_eq!(disposition(appended), Disposition::Uncertain);
        assert_eq!(disposition(KrafkaError::broker(ErrorCode::UnknownServerError, "")), Disposition::Uncertain);
    }

    #[test]
    fn before_a_record_is_handed_over_nothing_is_uncertain() {
        for error in [
            KrafkaError::network(std::io::Error::other("refused")),
            KrafkaError::timeout("metadata"),
            KrafkaError::closed("closed"),
        ] {
            let error = before_sending("t".to_owned(), error);
            assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
        }
    }

    #[test]
    fn a_record_that_no_broker_will_take_is_permanent_and_a_faulty_deployment_is_not() {
        let too_large = KrafkaError::broker(ErrorCode::MessageTooLarge, "");
        assert_eq!(disposition(too_large), Disposition::DeadLetter);
        let retry = Disposition::Retry { after: None };
        assert_eq!(disposition(KrafkaError::broker(ErrorCode::TopicAuthorizationFailed, "")), retry);
        assert_eq!(disposition(KrafkaError::unknown_topic("t")), retry);
        assert_eq!(disposition(KrafkaError::auth("wrong password")), retry);
    }
}
