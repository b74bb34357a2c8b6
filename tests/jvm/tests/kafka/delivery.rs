//! The guarantees of delivery: retries leave no duplicates, and an error says whether the record may have been written.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use event_runtime::{Blame, Clock, Disposition, Failure, SystemClock, UnixMillis};
use kafka_producer::testing::{EmptyTopic, record};
use kafka_producer::{KafkaConfig, KafkaProducer, Producer};

use crate::broker::{Broker, plaintext};
use crate::cutting::{Cut, CuttingProxy};
use crate::peer;

fn one_partition(name: &str) -> EmptyTopic {
    EmptyTopic { name: name.to_owned(), partitions: 1 }
}

/// A short timeout, for tests of errors that come after it.
fn impatient(bootstrap: impl Into<String>) -> KafkaConfig {
    KafkaConfig { delivery_timeout: Duration::from_secs(6), ..plaintext(bootstrap) }
}

#[tokio::test]
async fn retried_sends_leave_no_duplicates_and_lose_nothing() {
    let broker = Broker::running().await;
    let topic = EmptyTopic { name: "retried".to_owned(), partitions: 3 };
    broker.topic(&topic.name, topic.partitions).await;
    // Of every five requests one is lost, and the answer to another one is lost.
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
async fn without_a_broker_the_error_says_that_nothing_was_sent() {
    let topic = one_partition("nowhere");
    let sent = vec![record(&topic, Some("k"), Some(b"v"), Vec::new())];
    // No broker listens on port 9.
    let error = KafkaProducer::new(impatient("127.0.0.1:9")).send(sent).await.remove(0).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
}

#[tokio::test]
async fn a_rejected_record_is_permanent_and_a_missing_topic_is_not() {
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

/// The values of a topic as text, in order.
async fn values(broker: &Broker, topic: &EmptyTopic) -> Vec<String> {
    let found = peer::read(&broker.direct, &topic.name, None).await;
    found.iter().map(|line| String::from_utf8(line.value().to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_rejected_record_does_not_affect_other_records() {
    let broker = Broker::running().await;
    let topic = one_partition("compacted");
    broker.topic_with(&topic.name, 1, &["cleanup.policy=compact"]).await;
    let producer = KafkaProducer::new(impatient(&broker.direct));
    // A compacted topic rejects records without a key.
    let without_key = [1, 30, 31, 49];
    let send = |round: &'static str| {
        let key = |number: &usize| (!without_key.contains(number)).then_some("k");
        let sent = (0..50)
            .map(|number| record(&topic, key(&number), Some(format!("{round}-{number:02}").as_bytes()), Vec::new()));
        producer.send(sent.collect())
    };
    for round in ["a", "b"] {
        for (number, answer) in send(round).await.into_iter().enumerate() {
            match without_key.contains(&number) {
                true => {
                    let error = answer.unwrap_err();
                    assert_eq!((error.code(), error.blame()), ("kafka_record_rejected", Blame::Record), "{number}");
                    assert_eq!(error.disposition(), Disposition::DeadLetter);
                }
                false => drop(answer.unwrap()),
            }
        }
    }
    let taken = (0..50).filter(|number| !without_key.contains(number));
    let taken: Vec<_> = taken.map(|number| format!("{number:02}")).collect();
    let expected = ["a", "b"].iter().flat_map(|round| taken.iter().map(move |number| format!("{round}-{number}")));
    assert_eq!(values(broker, &topic).await, expected.collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test]
async fn a_topic_with_a_small_batch_limit_gets_small_batches() {
    let broker = Broker::running().await;
    let topic = one_partition("small-batches");
    broker.topic_with(&topic.name, 1, &["max.message.bytes=1500"]).await;
    let text = |number: usize| format!("{number:03}{}", "x".repeat(if number == 20 { 1_600 } else { 400 }));
    // All keys differ, because the client does not keep the order of a key when it splits a batch that is too large.
    let key = |number: usize| format!("k-{number}");
    let sent = (0..60).map(|number| record(&topic, Some(&key(number)), Some(text(number).as_bytes()), Vec::new()));
    let answers = KafkaProducer::new(impatient(&broker.direct)).send(sent.collect()).await;
    let refused = answers.iter().enumerate().filter_map(|(number, answer)| Some((number, answer.as_ref().err()?)));
    let refused: Vec<_> = refused.map(|(number, error)| (number, error.code(), error.blame())).collect();
    assert_eq!(refused, [(20, "kafka_record_too_large", Blame::Record)]);
    let mut found = values(broker, &topic).await;
    found.sort();
    assert_eq!(found, (0..60).filter(|number| *number != 20).map(text).collect::<Vec<_>>(), "each once");
}

/// Further ahead than a broker accepts by default, which is an hour.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> UnixMillis {
        SystemClock.now().plus(Duration::from_secs(2 * 3_600))
    }
}

#[tokio::test]
async fn a_clock_two_hours_ahead_is_reported_and_loses_no_record() {
    let broker = Broker::running().await;
    let topic = one_partition("from-ahead");
    broker.topic(&topic.name, 1).await;
    let sent = || (0..3).map(|_| record(&topic, Some("k"), Some(b"v"), Vec::new())).collect();
    let ahead = KafkaProducer::new(impatient(&broker.direct)).with_clock(Arc::new(Ahead));
    for answer in ahead.send(sent()).await {
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.blame()), ("kafka_clock", Blame::Deployment));
        assert_eq!(error.disposition(), Disposition::Retry { after: None });
        assert!(error.to_string().contains("this machine's clock"), "{error}");
    }
    assert!(peer::read(&broker.direct, &topic.name, None).await.is_empty());
    for answer in KafkaProducer::new(impatient(&broker.direct)).send(sent()).await {
        answer.unwrap();
    }
}
