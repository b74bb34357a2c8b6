//! Signing in with SCRAM and with AWS_MSK_IAM, over TLS: who is accepted, and the errors of those who are not.

use event_runtime::{Disposition, Failure, Fault};
use kafka_producer::testing::{EmptyTopic, record};
use kafka_producer::{CaCertificates, DeliveryError, KafkaConfig, KafkaProducer, Producer};

use crate::broker::{Broker, REGION, ROLE, SESSION, USER, iam, scram};
use crate::peer;

async fn topic(broker: &Broker, name: &str) -> EmptyTopic {
    let topic = EmptyTopic { name: name.to_owned(), partitions: 1 };
    broker.topic(&topic.name, topic.partitions).await;
    topic
}

async fn send(config: KafkaConfig, topic: &EmptyTopic) -> Result<kafka_producer::Delivered, DeliveryError> {
    let sent = vec![record(topic, Some("k"), Some(b"v"), Vec::new())];
    KafkaProducer::new(config).send(sent).await.remove(0)
}

async fn refused(config: KafkaConfig, topic: &EmptyTopic) -> (&'static str, String) {
    let error = send(config, topic).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
    (error.code(), Fault::from(error).chain().join(": "))
}

#[tokio::test]
async fn scram_over_tls_accepts_only_the_right_password() {
    let broker = Broker::running().await;
    let topic = topic(broker, "scram").await;
    assert_eq!(send(scram(broker, USER.1), &topic).await.unwrap().offset, Some(0));
    assert_eq!(refused(scram(broker, "wrong"), &topic).await.0, "kafka_denied");
    assert_eq!(peer::read(&broker.direct, &topic.name, None).await.len(), 1, "nothing else was written");
}

#[tokio::test]
async fn a_broker_of_another_authority_is_refused_and_the_check_named() {
    let broker = Broker::running().await;
    let topic = topic(broker, "untrusted").await;
    let foreign = std::fs::read(&broker.foreign_authority_file).unwrap();
    let foreign = CaCertificates { origin: "KAFKA_CA_FILE (/opt/foreign.pem)".to_owned(), pem: foreign };
    for (trusted, named) in [(Some(foreign), "KAFKA_CA_FILE (/opt/foreign.pem)"), (None, "public certificate")] {
        let config = KafkaConfig { ca_certificates: trusted, ..scram(broker, USER.1) };
        let (code, text) = refused(config, &topic).await;
        assert_eq!(code, "kafka_untrusted", "{text}");
        assert!(text.contains(named) && text.contains("must have signed"), "{text}");
    }
    assert!(peer::read(&broker.direct, &topic.name, None).await.is_empty());
}

/// The broker repeats our whole signature with the AWS SDK for Java, at the time that the request names.
#[tokio::test]
async fn msk_iam_accepts_signatures_as_aws_makes_them() {
    let broker = Broker::running().await;
    let topic = topic(broker, "iam").await;
    let (key, secret) = ROLE;
    assert_eq!(send(iam(broker, key, secret, None), &topic).await.unwrap().offset, Some(0));
    let (session, session_secret, token) = SESSION;
    assert_eq!(send(iam(broker, session, session_secret, Some(token)), &topic).await.unwrap().offset, Some(1));

    for (key, secret, token) in [
        (key, "another secret", None),
        ("AKIDUNKNOWN", secret, None),
        (session, session_secret, None),
        (session, session_secret, Some("another token")),
        (key, secret, Some(token)),
    ] {
        let (code, text) = refused(iam(broker, key, secret, token), &topic).await;
        assert_eq!(code, "kafka_denied", "{text}");
    }
    assert_eq!(peer::read(&broker.direct, &topic.name, None).await.len(), 2, "nothing else was written");
}

/// The listener also accepts AWS's own plug-in for Kafka's clients, so the test does not check our client against itself.
#[tokio::test]
async fn msk_iam_accepts_the_client_of_aws() {
    let broker = Broker::running().await;
    let (key, secret) = ROLE;
    let (session, session_secret, token) = SESSION;
    for identity in [vec![key, secret], vec![session, session_secret, token]] {
        let told = peer::iam(&broker.iam, &broker.authority_file, REGION, &identity).await;
        assert_eq!(told, Ok("connected".to_owned()));
    }
    let told = peer::iam(&broker.iam, &broker.authority_file, REGION, &[key, "another secret"]).await;
    let said = told.unwrap_err();
    assert!(said.contains("another x-amz-signature"), "{said}");
}
