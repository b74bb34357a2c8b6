//! The recorded log holds the contract of producers, and what a crash leaves of it.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_producer::testing::{EmptyTopic, ReadBack, Written, producer_contract, record};
use kafka_producer::{Producer, RecordedLog};
use serde::Deserialize;

/// Reads the file by the format that recordings have, not by the producer's own types.
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
            let text = std::fs::read_to_string(self.0).unwrap_or_default();
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

fn topic() -> EmptyTopic {
    EmptyTopic { name: "user.profile.updated".to_owned(), partitions: 3 }
}

#[tokio::test]
async fn the_recorded_log_holds_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let log = RecordedLog::new(folder.path().join("new/records.jsonl"), 3);
    producer_contract(&log, &Lines(log.path()), &topic()).await;
}

#[tokio::test]
async fn two_writers_of_one_file_go_on_where_the_other_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.jsonl");
    let (first, second) = (RecordedLog::new(&path, 1), RecordedLog::new(&path, 1));
    for log in [&first, &second, &second, &first] {
        let one = record(&topic(), Some("k"), Some(b"v"), Vec::new());
        log.send(vec![one]).await.remove(0).unwrap();
    }
    let offsets: Vec<_> = Lines(&path).read(&topic().name).await.iter().map(|written| written.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.jsonl");
    let one = || record(&topic(), Some("k"), Some(b"v"), Vec::new());
    RecordedLog::new(&path, 1).send(vec![one()]).await.remove(0).unwrap();
    std::fs::File::options().append(true).open(&path).unwrap().write_all(b"{\"topic\":\"user.pro").unwrap();
    let delivered = RecordedLog::new(&path, 1).send(vec![one()]).await.remove(0).unwrap();
    assert_eq!(delivered.offset, Some(1));
    assert_eq!(Lines(&path).read(&topic().name).await.len(), 2);
}

#[tokio::test]
async fn a_file_that_is_no_log_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "dear diary\n").unwrap();
    let refused = RecordedLog::new(&path, 1).send(vec![record(&topic(), None, None, Vec::new())]).await.remove(0);
    let cause = std::error::Error::source(&refused.unwrap_err()).unwrap().to_string();
    assert!(cause.contains("notes.txt") && cause.contains("byte 0"), "{cause}");
}
