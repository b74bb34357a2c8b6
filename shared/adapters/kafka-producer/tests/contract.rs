//! The Kafka client against the stand-in broker: the contract of producers, and what it makes of faults.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use event_runtime::{Blame, Clock, Disposition, Failure, SystemClock, UnixMillis};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_producer::testing::{EmptyTopic, ReadBack, Written, producer_contract, record};
use kafka_producer::{KafkaConfig, KafkaProducer, Producer, Security};
use local_broker::{Broker, Fault, ResponseError, TopicSettings};
use serde::Deserialize;
use tempfile::TempDir;

/// A broker with one topic.
struct Scene {
    broker: Broker,
    topic: EmptyTopic,
    _folder: TempDir,
}

impl Scene {
    async fn with(settings: TopicSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start(folder.path().join("records.jsonl")).await.unwrap();
        let topic = EmptyTopic { name: "support.ticket.closed".to_owned(), partitions: settings.partitions };
        broker.create_topic(&topic.name, settings);
        Scene { broker, topic, _folder: folder }
    }

    fn config(&self) -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: self.broker.address().to_owned(),
            client_id: "contract".to_owned(),
            security: Security::Plaintext,
            ca_certificates: None,
            delivery_timeout: Duration::from_secs(30),
        }
    }

    fn producer(&self) -> KafkaProducer {
        KafkaProducer::new(self.config())
    }

    /// One whose errors come soon: a request may take a second.
    fn impatient(&self) -> KafkaProducer {
        KafkaProducer::new(KafkaConfig { delivery_timeout: Duration::from_secs(3), ..self.config() })
    }

    /// The texts of all values, in order.
    async fn values(&self) -> Vec<String> {
        let found = Lines(self.broker.log()).read(&self.topic.name).await;
        found.into_iter().map(|written| String::from_utf8(written.value.unwrap().into()).unwrap()).collect()
    }
}

/// Reads the file by the format that recordings have, not by the broker's own types.
struct Lines<'a>(&'a Path);

#[derive(Deserialize)]
struct Line {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<BTreeMap<String, Vec<i16>>>,
}

impl ReadBack for Lines<'_> {
    fn read<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Vec<Written>> {
        async move {
            let text = std::fs::read_to_string(self.0).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
            let mut found: Vec<_> = lines.filter(|line| line.topic == topic).map(written).collect();
            found.sort_by_key(|written| (written.partition, written.offset));
            found
        }
        .boxed()
    }
}

fn written(line: Line) -> Written {
    let decode = |text: String| Bytes::from(base64_simd::STANDARD.decode_to_vec(text).unwrap());
    let bytes = |signed: Vec<i16>| signed.into_iter().map(|byte| i8::try_from(byte).unwrap().cast_unsigned()).collect();
    Written {
        partition: line.partition,
        offset: line.offset,
        timestamp: line.timestamp,
        key: line.key.map(decode),
        value: line.value.map(decode),
        headers: line.headers.into_iter().flatten().map(|(name, value)| (name, bytes(value))).collect(),
    }
}

#[tokio::test]
async fn the_kafka_producer_holds_the_contract() {
    let scene = Scene::with(TopicSettings { partitions: 6, ..TopicSettings::default() }).await;
    producer_contract(&scene.producer(), &Lines(scene.broker.log()), &scene.topic).await;
}

#[tokio::test]
async fn retried_sends_leave_no_duplicates_and_lose_nothing() {
    let scene = Scene::with(TopicSettings { partitions: 3, ..TopicSettings::default() }).await;
    // Of every five requests one is not taken, and of another the answer is lost.
    scene.broker.fail(|number| match number % 5 {
        1 => Some(Fault::CloseAfterWriting),
        3 => Some(Fault::CloseBeforeWriting),
        _ => None,
    });
    let producer = scene.producer();
    for round in 0..10 {
        let sent = (0..25).map(|number| {
            let value = format!("{round}-{number}");
            record(&scene.topic, Some(&format!("user-{number}")), Some(value.as_bytes()), Vec::new())
        });
        for answer in producer.send(sent.collect()).await {
            answer.unwrap();
        }
    }
    assert!(scene.broker.produce_requests() > 15, "{} requests", scene.broker.produce_requests());
    let values = scene.values().await;
    let distinct: BTreeSet<_> = values.iter().collect();
    assert_eq!((values.len(), distinct.len()), (250, 250), "each record once");
}

#[tokio::test]
async fn a_request_without_an_answer_is_repeated_and_written_once() {
    let scene = Scene::with(TopicSettings::default()).await;
    scene.broker.fail(|number| (number == 0).then_some(Fault::LeaveUnanswered));
    let sent = vec![record(&scene.topic, Some("k"), Some(b"v"), Vec::new())];
    scene.impatient().send(sent).await.remove(0).unwrap();
    assert_eq!((scene.values().await, scene.broker.produce_requests()), (vec!["v".to_owned()], 2));
}

#[tokio::test]
async fn a_record_whose_answers_are_all_lost_is_uncertain() {
    let scene = Scene::with(TopicSettings::default()).await;
    scene.broker.fail(|_| Some(Fault::CloseAfterWriting));
    let sent = vec![record(&scene.topic, Some("k"), Some(b"v"), Vec::new())];
    let error = scene.impatient().send(sent).await.remove(0).unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("kafka_unacknowledged", Disposition::Uncertain));
    assert_eq!(scene.values().await, ["v"], "it was written, and only once");
}

#[tokio::test]
async fn a_record_that_the_topic_does_not_take_costs_no_other() {
    let scene = Scene::with(TopicSettings { compacted: true, ..TopicSettings::default() }).await;
    // A compacted topic takes no record without a key.
    let without_key = [1, 30, 31, 49];
    let key = |number: &usize| (!without_key.contains(number)).then_some("k");
    let value = |number: usize| format!("{number:02}");
    let sent = (0..50).map(|number| record(&scene.topic, key(&number), Some(value(number).as_bytes()), Vec::new()));
    for (number, answer) in scene.producer().send(sent.collect()).await.into_iter().enumerate() {
        match without_key.contains(&number) {
            true => {
                let error = answer.unwrap_err();
                assert_eq!((error.code(), error.blame()), ("kafka_record_rejected", Blame::Record), "{number}");
                assert_eq!(error.disposition(), Disposition::DeadLetter);
            }
            false => drop(answer.unwrap()),
        }
    }
    let taken = (0..50).filter(|number| !without_key.contains(number)).map(value);
    assert_eq!(scene.values().await, taken.collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test]
async fn a_topic_with_small_batches_gets_small_batches() {
    let scene = Scene::with(TopicSettings { max_message_bytes: 1_500, ..TopicSettings::default() }).await;
    let text = |number: usize| format!("{number:03}{}", "x".repeat(if number == 20 { 1_600 } else { 400 }));
    // Keys differ: of one key no order is promised where the client itself halves what is too large.
    let key = |number: usize| format!("k-{number}");
    let sent =
        (0..60).map(|number| record(&scene.topic, Some(&key(number)), Some(text(number).as_bytes()), Vec::new()));
    let answers = scene.producer().send(sent.collect()).await;
    let refused = answers.iter().enumerate().filter_map(|(number, answer)| Some((number, answer.as_ref().err()?)));
    let refused: Vec<_> = refused.map(|(number, error)| (number, error.code(), error.blame())).collect();
    assert_eq!(refused, [(20, "kafka_record_too_large", Blame::Record)]);
    let mut found = scene.values().await;
    found.sort();
    assert_eq!(found, (0..60).filter(|number| *number != 20).map(text).collect::<Vec<_>>(), "each once");
}

/// Ahead by more than the hour that a topic allows unless it is set.
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> UnixMillis {
        SystemClock.now().plus(Duration::from_secs(2 * 3_600))
    }
}

#[tokio::test]
async fn a_clock_two_hours_ahead_is_named_and_costs_no_record() {
    let scene = Scene::with(TopicSettings::default()).await;
    let sent = || (0..3).map(|_| record(&scene.topic, Some("k"), Some(b"v"), Vec::new())).collect();
    for answer in scene.producer().with_clock(Arc::new(Ahead)).send(sent()).await {
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.blame()), ("kafka_clock", Blame::Deployment));
        assert_eq!(error.disposition(), Disposition::Retry { after: None });
    }
    assert!(scene.values().await.is_empty());
    for answer in scene.producer().send(sent()).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_faulty_deployment_costs_no_record() {
    let scene = Scene::with(TopicSettings::default()).await;
    let send = |topic: &EmptyTopic, producer: KafkaProducer| {
        let sent = vec![record(topic, Some("k"), Some(b"v"), Vec::new())];
        async move {
            let error = producer.send(sent).await.remove(0).unwrap_err();
            assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error}");
            error.code()
        }
    };
    scene.broker.fail(|_| Some(Fault::Refuse(ResponseError::TopicAuthorizationFailed)));
    assert_eq!(send(&scene.topic, scene.impatient()).await, "kafka_denied");
    scene.broker.recover();
    let missing = EmptyTopic { name: "no-such-topic".to_owned(), partitions: 1 };
    assert_eq!(send(&missing, scene.impatient()).await, "kafka_topic_missing");
    assert!(scene.values().await.is_empty());

    let (topic, producer) = (scene.topic.clone(), scene.impatient());
    drop(scene);
    send(&topic, producer).await;
}
