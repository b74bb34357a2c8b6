//! What is promised of delivery: retries leave no duplicates, and an error says what it proves.

use std::collections::BTreeSet;
use std::time::Duration;

use event_runtime::{Blame, Disposition, Failure};
use kafka_producer::testing::{EmptyTopic, record};
use kafka_producer::{KafkaConfig, KafkaProducer, Producer};

use crate::broker::{Broker, plaintext};
use crate::cutting::{Cut, CuttingProxy};
use crate::peer;

fn one_partition(name: &str) -> EmptyTopic {
    EmptyTopic { name: name.to_owned(), partitions: 1 }
}

/// A short patience, for errors that come when it ends.
fn impatient(bootstrap: impl Into<String>) -> KafkaConfig {
    KafkaConfig { delivery_timeout: Duration::from_secs(6), ..plaintext(bootstrap) }
}

#[tokio::test]
async fn retried_sends_leave_no_duplicates_and_lose_nothing() {
    let broker = Broker::running().await;
    let topic = EmptyTopic { name: "retried".to_owned(), partitions: 3 };
    broker.topic(&topic.name, topic.partitions).await;
    // Of every five requests one does not arrive, and of another the answer is lost.
    let plan = |number: usize| match number % 5 {
        1 => Some(Cut::Answer),
        3 => Some(Cut::Request),
        _ => None,
    };
    let proxy = CuttingProxy::start(broker.proxied[0], plan).await;
    let producer = KafkaProducer::new(plaintext(proxy.address()));
    for round in 0..20 {
        let sent = (0..25).map(|number| {
            let value = format!("{round}-{number}");
            record(&topic, Some(&format!("user-{number}")), Some(value.as_bytes()), Vec::new())
        });
        for answer in producer.send(sent.collect()).await {
            answer.unwrap();
        }
    }
    let cuts = proxy.cuts();
    let count = |cut| cuts.iter().filter(|found| **found == cut).count();
    assert!(count(Cut::Answer) >= 10 && count(Cut::Request) >= 10, "{cuts:?}");

    let found = peer::read(&broker.direct, &topic.name, None).await;
    let values: Vec<_> = found.iter().map(|line| line.value()).collect();
    let distinct: BTreeSet<_> = values.iter().collect();
    assert_eq!((values.len(), distinct.len()), (500, 500), "every record once, after {} cuts", cuts.len());
}

#[tokio::test]
async fn a_record_whose_answers_are_all_lost_is_uncertain() {
    let broker = Broker::running().await;
    let topic = one_partition("answers-lost");
    broker.topic(&topic.name, 1).await;
    let proxy = CuttingProxy::start(broker.proxied[1], |_| Some(Cut::Answer)).await;
    let sent = vec![record(&topic, Some("k"), Some(b"v"), Vec::new())];
    let error = KafkaProducer::new(impatient(proxy.address())).send(sent).await.remove(0).unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("kafka_unacknowledged", Disposition::Uncertain));
    assert_eq!(peer::read(&broker.direct, &topic.name, None).await.len(), 1, "it was written, and only once");
}

#[tokio::test]
async fn without_a_broker_nothing_was_sent() {
    let topic = one_partition("nowhere");
    let sent = vec![record(&topic, Some("k"), Some(b"v"), Vec::new())];
    // Port 9 on loopback: nobody listens there.
    let error = KafkaProducer::new(impatient("127.0.0.1:9")).send(sent).await.remove(0).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
}

#[tokio::test]
async fn what_the_topic_never_takes_is_permanent_and_a_missing_topic_is_not() {
    let broker = Broker::running().await;
    let topic = one_partition("too-large");
    broker.topic(&topic.name, 1).await;
    let producer = KafkaProducer::new(impatient(&broker.direct));
    let sent = vec![
        record(&topic, Some("k"), Some(&vec![7; 2_000_000]), Vec::new()),
        record(&topic, Some("k"), Some(b"small"), Vec::new()),
    ];
    let mut answers = producer.send(sent).await;
    let too_large = answers.remove(0).unwrap_err();
    assert_eq!((too_large.code(), too_large.blame()), ("kafka_record_too_large", Blame::Record));
    assert_eq!(too_large.disposition(), Disposition::DeadLetter);
    answers.remove(0).unwrap();

    let missing = vec![record(&one_partition("no-such-topic"), Some("k"), Some(b"v"), Vec::new())];
    let error = producer.send(missing).await.remove(0).unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("kafka_topic_missing", Disposition::Retry { after: None }));
}
