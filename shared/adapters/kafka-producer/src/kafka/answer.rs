//! Maps the client's errors to ours: whether a record may have been written.

use std::error::Error;
use std::io;

use krafka::error::{ErrorCode, KrafkaError};

use super::config::{KafkaConfig, NoCredentials};
use super::login::LoginError;
use crate::error::{DeliveryError, DeliveryProblem};

/// Why the client could not connect.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ConnectError {
    /// The credentials cannot be read.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The cluster refused or did not answer.
    #[error(transparent)]
    Kafka(#[from] KrafkaError),
}

/// The cause of a failed TLS handshake, with its remedy.
#[derive(Debug, thiserror::Error)]
#[error(
    "the broker is checked by {trusted}: they must have signed its certificate, which must name the bootstrap server"
)]
struct Untrusted {
    trusted: String,
    source: KrafkaError,
}

/// Without a connection nothing was sent.
pub(super) fn not_connected(topic: String, error: ConnectError, config: &KafkaConfig) -> DeliveryError {
    match error {
        ConnectError::Login(error) => DeliveryError::new(topic, DeliveryProblem::NoCredentials).caused_by(error),
        ConnectError::Kafka(error) => before_sending(topic, error, config),
    }
}

/// An error before a record was handed to the client: the record was not sent.
pub(super) fn before_sending(topic: String, error: KrafkaError, config: &KafkaConfig) -> DeliveryError {
    let problem = match problem(&error) {
        DeliveryProblem::Unacknowledged | DeliveryProblem::TooFewReplicas => DeliveryProblem::NotSent,
        other => other,
    };
    answer(topic, problem, error, config)
}

/// An error of a record that was handed to the client.
pub(super) fn after_queueing(topic: String, error: KrafkaError, config: &KafkaConfig) -> DeliveryError {
    let problem = match problem(&error) {
        // This was the last of several tries: an earlier one may have arrived.
        DeliveryProblem::Unreachable | DeliveryProblem::PartitionUnavailable => DeliveryProblem::Unacknowledged,
        other => other,
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

/// Why signing in failed: the client has one error for all reasons.
fn sign_in(error: &KrafkaError) -> DeliveryProblem {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(found) = cause {
        if found.is::<NoCredentials>() {
            return DeliveryProblem::NoCredentials;
        }
        // Errors of rustls have this kind.
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
        // The client's enum may grow. An unknown error may have happened after the record was written.
        _ => DeliveryProblem::Unacknowledged,
    }
}

fn refusal(code: ErrorCode) -> DeliveryProblem {
    match code {
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => DeliveryProblem::TooLarge,
        ErrorCode::InvalidRecord => DeliveryProblem::Rejected,
        // The producer sets the timestamp, so the record is not at fault.
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
        // As above: an unknown error may have happened after the record was written.
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
    fn only_an_error_that_excludes_a_write_is_a_retry() {
        let retry = Disposition::Retry { after: None };
        assert_eq!(disposition(KrafkaError::delivery_timeout(false, "no broker")), retry);
        assert_eq!(disposition(KrafkaError::delivery_timeout(true, "no answer")), Disposition::Uncertain);
        assert_eq!(disposition(KrafkaError::network(std::io::Error::other("reset"))), Disposition::Uncertain);
        let appended = KrafkaError::broker(ErrorCode::NotEnoughReplicasAfterAppend, "");
        assert_eq!(disposition(appended), Disposition::Uncertain);
        assert_eq!(disposition(KrafkaError::broker(ErrorCode::UnknownServerError, "")), Disposition::Uncertain);
    }

    #[test]
    fn no_error_before_handing_over_is_uncertain() {
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
    fn reasons_for_not_signing_in_are_told_apart() {
        let handshake = io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer");
        let untrusted = KrafkaError::auth_with_source("TLS handshake failed", handshake);
        let error = before_sending("t".to_owned(), untrusted, &config());
        assert_eq!((error.code(), error.disposition()), ("kafka_untrusted", Disposition::Retry { after: None }));
        let text = Fault::from(error).chain().join(": ");
        assert!(text.contains("KAFKA_CA_FILE (/opt/ca.pem)") && text.contains("UnknownIssuer"), "{text}");

        let secret = LoginError::new(io::Error::other("no such secret"));
        let error = not_connected("t".to_owned(), secret.into(), &config());
        assert_eq!(error.code(), "kafka_credentials_missing");
        assert!(Fault::from(error).chain().join(": ").contains("no such secret"));
        assert_eq!(before_sending("t".to_owned(), KrafkaError::auth("wrong"), &config()).code(), "kafka_denied");
    }

    #[test]
    fn a_refused_record_is_permanent_and_a_faulty_deployment_is_not() {
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
