//! What the client's errors prove.

use std::error::Error;
use std::io;

use krafka::error::{ErrorCode, KrafkaError};

use super::config::{KafkaConfig, NoCredentials};
use super::login::LoginError;
use crate::error::{DeliveryError, DeliveryProblem};

/// There is no client.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ConnectError {
    /// Nothing to sign in with.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The cluster.
    #[error(transparent)]
    Kafka(#[from] KrafkaError),
}

/// What a failed TLS handshake was about, and what may be done.
#[derive(Debug, thiserror::Error)]
#[error(
    "the broker is checked by {trusted}: they must have signed its certificate, which must name the bootstrap server"
)]
struct Untrusted {
    trusted: String,
    source: KrafkaError,
}

/// Without a client nothing was sent.
pub(super) fn not_connected(topic: String, error: ConnectError, config: &KafkaConfig) -> DeliveryError {
    match error {
        ConnectError::Login(error) => DeliveryError::new(topic, DeliveryProblem::NoCredentials).caused_by(error),
        ConnectError::Kafka(error) => before_sending(topic, error, config),
    }
}

/// An error from before a record was handed over: whatever it is, the record was not sent.
pub(super) fn before_sending(topic: String, error: KrafkaError, config: &KafkaConfig) -> DeliveryError {
    let problem = match problem(&error) {
        DeliveryProblem::Unacknowledged | DeliveryProblem::TooFewReplicas => DeliveryProblem::NotSent,
        told => told,
    };
    answer(topic, problem, error, config)
}

/// An error of a record that was handed over.
pub(super) fn after_queueing(topic: String, error: KrafkaError, config: &KafkaConfig) -> DeliveryError {
    let problem = match problem(&error) {
        // Of one try among several: an earlier one may have arrived.
        DeliveryProblem::Unreachable | DeliveryProblem::PartitionUnavailable => DeliveryProblem::Unacknowledged,
        told => told,
    };
    answer(topic, problem, error, config)
}

fn answer(topic: String, problem: DeliveryProblem, source: KrafkaError, config: &KafkaConfig) -> DeliveryError {
    let answer = DeliveryError::new(topic, problem);
    match problem {
        DeliveryProblem::Untrusted => answer.caused_by(Untrusted { trusted: config.trusted(), source }),
        _ => answer.caused_by(source),
    }
}

/// Why signing in failed: the client has one error for all of it.
fn sign_in(error: &KrafkaError) -> DeliveryProblem {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(found) = cause {
        if found.is::<NoCredentials>() {
            return DeliveryProblem::NoCredentials;
        }
        // What rustls says comes as this kind.
        if found.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return DeliveryProblem::Untrusted;
        }
        cause = found.source();
    }
    DeliveryProblem::Denied
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
        KrafkaError::Auth { .. } => sign_in(error),
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
        ErrorCode::InvalidRecord => DeliveryProblem::Rejected,
        // Of our own making: no caller gives a record its timestamp.
        ErrorCode::InvalidTimestamp => DeliveryProblem::Clock,
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
    use std::time::Duration;

    use event_runtime::{Blame, Disposition, Failure, Fault};

    use super::*;
    use crate::kafka::config::{CaCertificates, Security};

    fn config() -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            client_id: "test".to_owned(),
            security: Security::Plaintext,
            ca_certificates: Some(CaCertificates { origin: "KAFKA_CA_FILE (/opt/ca.pem)".to_owned(), pem: Vec::new() }),
            delivery_timeout: Duration::from_secs(15),
        }
    }

    fn disposition(error: KrafkaError) -> Disposition {
        after_queueing("t".to_owned(), error, &config()).disposition()
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
            let error = before_sending("t".to_owned(), error, &config());
            assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
        }
    }

    #[test]
    fn what_keeps_us_from_signing_in_is_told_apart() {
        let handshake = io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer");
        let untrusted = KrafkaError::auth_with_source("TLS handshake failed", handshake);
        let error = before_sending("t".to_owned(), untrusted, &config());
        assert_eq!((error.code(), error.disposition()), ("kafka_untrusted", Disposition::Retry { after: None }));
        let told = Fault::from(error).chain().join(": ");
        assert!(told.contains("KAFKA_CA_FILE (/opt/ca.pem)") && told.contains("UnknownIssuer"), "{told}");

        let secret = LoginError::new(io::Error::other("no such secret"));
        let error = not_connected("t".to_owned(), secret.into(), &config());
        assert_eq!(error.code(), "kafka_credentials_missing");
        assert!(Fault::from(error).chain().join(": ").contains("no such secret"));
        assert_eq!(before_sending("t".to_owned(), KrafkaError::auth("wrong"), &config()).code(), "kafka_denied");
    }

    #[test]
    fn a_record_that_no_broker_will_take_is_permanent_and_a_faulty_deployment_is_not() {
        for code in [ErrorCode::MessageTooLarge, ErrorCode::RecordListTooLarge, ErrorCode::InvalidRecord] {
            let error = after_queueing("t".to_owned(), KrafkaError::broker(code, ""), &config());
            assert_eq!((error.disposition(), error.blame()), (Disposition::DeadLetter, Blame::Record), "{error}");
        }
        let clock = after_queueing("t".to_owned(), KrafkaError::broker(ErrorCode::InvalidTimestamp, ""), &config());
        assert_eq!((clock.code(), clock.blame()), ("kafka_clock", Blame::Deployment));
        assert!(clock.to_string().contains("this machine's clock"), "{clock}");
        let retry = Disposition::Retry { after: None };
        assert_eq!(disposition(KrafkaError::broker(ErrorCode::TopicAuthorizationFailed, "")), retry);
        assert_eq!(disposition(KrafkaError::unknown_topic("t")), retry);
        assert_eq!(disposition(KrafkaError::auth("wrong password")), retry);
        assert_eq!(disposition(KrafkaError::broker(ErrorCode::InvalidTimestamp, "")), retry);
    }
}
