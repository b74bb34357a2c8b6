//! The Kafka producer satisfies the contract of producers, and Java reads typed events as they were published.

use std::path::Path;
use std::sync::Arc;

use event_runtime::{Clock, SystemClock};
use jiff::Timestamp;
use kafka_producer::testing::{EmptyTopic, producer_contract, record};
use kafka_producer::{DomainEvent, KafkaProducer, Producer, Publisher, TraceParent, partition_of_key};
use local_stack::{Registry, Workspace, repository_schemas};
use schema_registries::{ConfluentConfig, ConfluentRegistry};
use schema_registry::Version;
use serde::Serialize;
use serde_json::json;

use crate::broker::{Broker, plaintext};
use crate::peer::{self, Consumer};

#[tokio::test]
async fn the_kafka_producer_satisfies_the_contract() {
    let broker = Broker::running().await;
    let topic = EmptyTopic { name: "contract".to_owned(), partitions: 6 };
    broker.topic(&topic.name, topic.partitions).await;
    producer_contract(&KafkaProducer::new(plaintext(&broker.direct)), &Consumer(&broker.direct), &topic).await;
}

#[tokio::test]
async fn keys_get_the_same_partition_as_with_javas_producer() {
    let broker = Broker::running().await;
    let topic = EmptyTopic { name: "keys".to_owned(), partitions: 7 };
    broker.topic(&topic.name, topic.partitions).await;
    let keys: Vec<_> = (0..200).map(|number| format!("user-{number}-{}", "é".repeat(number % 5))).collect();
    let javas = peer::place(&broker.direct, &topic.name, &keys).await;
    let sent = keys.iter().map(|key| record(&topic, Some(key), Some(b"ours"), Vec::new())).collect();
    let ours = KafkaProducer::new(plaintext(&broker.direct)).send(sent).await;
    for (key, ours) in keys.iter().zip(ours) {
        assert_eq!(ours.unwrap().partition, javas[key], "{key}");
        assert_eq!(partition_of_key(key.as_bytes(), topic.partitions), javas[key], "{key}");
    }
}

#[derive(Serialize)]
struct Updated {
    event_id: String,
    user_id: String,
    changed_at: i64,
    changed_by: Option<String>,
    origin: Option<String>,
    revision: i64,
    changes: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl DomainEvent for Updated {
    const TYPE: &'static str = "user.profile.updated";

    fn id(&self) -> &str {
        &self.event_id
    }

    fn key(&self) -> &str {
        &self.user_id
    }

    fn occurred_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.changed_at).unwrap()
    }
}

fn now() -> i64 {
    i64::try_from(SystemClock.now().0).unwrap()
}

/// The change is a month old, and the topic keeps records for a day.
#[tokio::test]
async fn a_late_event_is_kept_as_long_as_any_other() {
    const MONTH_MS: i64 = 30 * 24 * 3_600_000;
    let broker = Broker::running().await;
    const DAY: &str = "retention.ms=86400000";
    let topic = "profile.late.published";
    broker.topic_with(topic, 1, &[DAY]).await;
    let registry = Registry::start(crate::function::schemas(topic)).await.unwrap();
    let subjects = ConfluentRegistry::new(ConfluentConfig::new(registry.url())).unwrap();
    let publisher = Publisher::new(
        topic.parse().unwrap(),
        "/profile-api".parse().unwrap(),
        Arc::new(subjects),
        Version::Latest,
        Arc::new(KafkaProducer::new(plaintext(&broker.direct))),
    );
    let late = Updated {
        event_id: "late".to_owned(),
        user_id: "u-1".to_owned(),
        changed_at: now() - MONTH_MS,
        changed_by: None,
        origin: None,
        revision: 1,
        changes: Vec::new(),
    };
    let changed_at = Timestamp::from_millisecond(late.changed_at).unwrap();
    publisher.publish(&[late], TraceParent::begin()).await.unwrap().remove(0).unwrap();
    // The broker checks all partitions for expired records, round by round. The second of these topics is created after a
    // round that checked the first, so by then a whole round has started and ended while our event was there.
    for control in ["late-first", "late-second"] {
        broker.topic_with(control, 1, &[DAY]).await;
        peer::expire(&broker.direct, control, now() - MONTH_MS).await;
    }
    let found = peer::read(&broker.direct, topic, None).await;
    assert_eq!(found.len(), 1, "it is there");
    assert_eq!(found[0].header("ce_time").parse::<Timestamp>().unwrap(), changed_at);
}

#[tokio::test]
async fn javas_consumer_and_avro_read_an_event_as_it_was_published() {
    let broker = Broker::running().await;
    broker.topic("user.profile.updated", 3).await;
    let workspace = Workspace::find().unwrap();
    let registry = Registry::start(repository_schemas(&workspace).unwrap()).await.unwrap();
    let subjects = ConfluentRegistry::new(ConfluentConfig::new(registry.url())).unwrap();
    let publisher = Publisher::new(
        "user.profile.updated".parse().unwrap(),
        "/profile-api".parse().unwrap(),
        Arc::new(subjects),
        Version::Latest,
        Arc::new(KafkaProducer::new(plaintext(&broker.direct))),
    );
    let event = Updated {
        event_id: "4b3c".to_owned(),
        user_id: "u-é-7".to_owned(),
        changed_at: 1_795_166_100_250,
        changed_by: None,
        origin: Some("settings".to_owned()),
        revision: 4,
        changes: vec![Field { field: "phone".to_owned(), before: Some("1".to_owned()), after: None }],
    };
    let trace = TraceParent::from_xray("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
    let began = now();
    let answers = publisher.publish(&[event], trace.unwrap()).await.unwrap();
    let ended = now();
    let delivered = answers.into_iter().next().unwrap().unwrap();

    let schema = workspace.root().join("events/schemas/user.profile.updated-value/v1.avsc");
    let found = peer::read(&broker.direct, "user.profile.updated", Some(Path::new(&schema))).await.remove(0);
    assert_eq!((found.partition, Some(found.offset)), (delivered.partition, delivered.offset));
    assert_eq!(found.key(), "u-é-7");
    assert!((began..=ended).contains(&found.timestamp), "{} is not the time of sending", found.timestamp);
    let expected = [
        ("ce_specversion", "1.0"),
        ("ce_id", "4b3c"),
        ("ce_type", "user.profile.updated"),
        ("ce_source", "/profile-api"),
        ("ce_time", "2026-11-20T09:15:00.25Z"),
        ("content-type", "application/avro"),
    ];
    for (name, value) in expected {
        assert_eq!(found.header(name), value, "{name}");
    }
    assert!(found.header("traceparent").starts_with("00-5759e988bd862e3fe1be46a994272793-"));
    assert_eq!(found.decoded["event_id"], json!("4b3c"));
    assert_eq!(found.decoded["changes"], json!([{"field": "phone", "before": "1", "after": null}]));
    assert_eq!((&found.decoded["changed_by"], &found.decoded["revision"]), (&json!(null), &json!(4)));
}
