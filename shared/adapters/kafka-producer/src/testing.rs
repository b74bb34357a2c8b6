//! The contract that every [`Producer`] has to hold, as a test, and a port to read back what was written.
#![allow(clippy::unwrap_used, reason = "a contract that is broken must fail loudly")]

use std::collections::BTreeMap;

use bytes::Bytes;
use event_runtime::{Blame, Clock, Disposition, Failure, SystemClock};
use futures_util::future::{BoxFuture, join_all};

use crate::partition::partition_of_key;
use crate::producer::{OutgoingRecord, Producer};

/// A record as a consumer reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers.
    pub headers: Vec<(String, Bytes)>,
}

/// Reads a topic from its beginning to its current end, with other code than the producer's.
pub trait ReadBack {
    /// All records of the topic, sorted by partition and offset.
    fn read<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Vec<Written>>;
}

/// An empty topic to run the contract with.
#[derive(Debug, Clone)]
pub struct EmptyTopic {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: u32,
}

/// Checks that a producer holds the contract.
///
/// # Panics
/// Where it does not.
pub async fn producer_contract(producer: &dyn Producer, log: &dyn ReadBack, topic: &EmptyTopic) {
    assert!(producer.send(Vec::new()).await.is_empty(), "nothing sent, nothing answered");
    acknowledged_records_are_in_the_log_as_they_were_sent(producer, log, topic).await;
    keys_keep_their_order_and_go_where_java_puts_them(producer, log, topic).await;
    concurrent_callers_lose_nothing(producer, log, topic).await;
    a_record_that_is_too_large_affects_no_other(producer, log, topic).await;
}

async fn acknowledged_records_are_in_the_log_as_they_were_sent(
    producer: &dyn Producer,
    log: &dyn ReadBack,
    topic: &EmptyTopic,
) {
    let headers = vec![
        ("ce_id".to_owned(), Bytes::from_static(b"1")),
        ("again".to_owned(), Bytes::from_static(&[0, 0x7f, 0x80, 0xff])),
        ("again".to_owned(), Bytes::new()),
    ];
    let sent = [
        record(topic, Some("k1"), Some(&[0, 0xff, 0x80]), headers),
        record(topic, Some("tombstone"), None, Vec::new()),
        record(topic, Some("empty"), Some(&[]), Vec::new()),
        record(topic, Some(""), Some(b"an empty key"), Vec::new()),
        record(topic, None, Some(b"no key"), Vec::new()),
    ];
    let before = log.read(&topic.name).await.len();
    let began = now();
    let answers = producer.send(sent.to_vec()).await;
    let ended = now();
    let found = log.read(&topic.name).await;
    assert_eq!((answers.len(), found.len()), (sent.len(), before + sent.len()));
    for (sent, answer) in sent.iter().zip(answers) {
        let delivered = answer.unwrap();
        let written = found
            .iter()
            .find(|written| (written.partition, Some(written.offset)) == (delivered.partition, delivered.offset));
        let written = written.unwrap();
        assert_eq!((&written.key, &written.value), (&sent.key, &sent.value));
        assert_eq!(&written.headers, &sent.headers);
        assert!((began..=ended).contains(&written.timestamp), "{} is not the time of sending", written.timestamp);
    }
}

async fn keys_keep_their_order_and_go_where_java_puts_them(
    producer: &dyn Producer,
    log: &dyn ReadBack,
    topic: &EmptyTopic,
) {
    let key = |number: usize| format!("user-{}-é", number % 37);
    let sent = (0..500).map(|number| {
        let value = format!("in order {number}");
        record(topic, Some(&key(number)), Some(value.as_bytes()), Vec::new())
    });
    for answer in producer.send(sent.collect()).await {
        answer.unwrap();
    }
    let mut by_key: BTreeMap<Bytes, Vec<usize>> = BTreeMap::new();
    for written in log.read(&topic.name).await {
        let Some(number) = written.value.as_deref().and_then(|value| value.strip_prefix(b"in order ")) else {
            continue;
        };
        let key = written.key.unwrap();
        assert_eq!(written.partition, partition_of_key(&key, topic.partitions), "{key:?}");
        by_key.entry(key).or_default().push(std::str::from_utf8(number).unwrap().parse().unwrap());
    }
    assert_eq!((by_key.len(), by_key.values().map(Vec::len).sum::<usize>()), (37, 500));
    assert!(by_key.values().all(|numbers| numbers.is_sorted()), "records of one key keep their order");
}

async fn concurrent_callers_lose_nothing(producer: &dyn Producer, log: &dyn ReadBack, topic: &EmptyTopic) {
    let callers = (0..8).map(|caller| {
        let sent = (0..25).map(|number| {
            let value = format!("side by side {caller} {number}");
            record(topic, Some(&format!("caller-{caller}")), Some(value.as_bytes()), Vec::new())
        });
        producer.send(sent.collect())
    });
    for answer in join_all(callers).await.into_iter().flatten() {
        answer.unwrap();
    }
    let found = log.read(&topic.name).await;
    let mut values: Vec<_> = found.iter().filter_map(|written| written.value.as_deref()).collect();
    values.retain(|value| value.starts_with(b"side by side "));
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 200, "each is there");
    let mut places: Vec<_> = found.iter().map(|written| (written.partition, written.offset)).collect();
    places.dedup();
    assert_eq!(places.len(), found.len(), "no two records have one place");
}

async fn a_record_that_is_too_large_affects_no_other(producer: &dyn Producer, log: &dyn ReadBack, topic: &EmptyTopic) {
    let too_large = vec![b'x'; 2 << 20];
    let sent = (0..60).map(|number| match number {
        17 | 18 | 40 => record(topic, Some("one"), Some(&too_large), Vec::new()),
        _ => record(topic, Some("one"), Some(format!("around {number}").as_bytes()), Vec::new()),
    });
    let answers = producer.send(sent.collect()).await;
    let mut expected = Vec::new();
    for (number, answer) in answers.into_iter().enumerate() {
        if !matches!(number, 17 | 18 | 40) {
            answer.unwrap();
            expected.push(format!("around {number}").into_bytes());
            continue;
        }
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.blame()), ("kafka_record_too_large", Blame::Record));
        assert_eq!(error.disposition(), Disposition::DeadLetter);
    }
    let found = log.read(&topic.name).await.into_iter().filter_map(|written| written.value);
    let found: Vec<_> = found.filter(|value| value.starts_with(b"around ")).map(|value| value.to_vec()).collect();
    assert_eq!(found, expected, "each once, in order");
}

fn now() -> i64 {
    i64::try_from(SystemClock.now().0).unwrap()
}

/// A record for the topic.
pub fn record(
    topic: &EmptyTopic,
    key: Option<&str>,
    value: Option<&[u8]>,
    headers: Vec<(String, Bytes)>,
) -> OutgoingRecord {
    OutgoingRecord {
        topic: topic.name.clone(),
        key: key.map(|key| Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(Bytes::copy_from_slice),
        headers,
    }
}
