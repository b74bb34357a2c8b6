//! What becomes of records, by the answers of a target.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use event_source_mapping::machine::PartialResponses;
use serde_json::{Value, json};

use super::*;
use crate::event::{EventRecord, event};

/// Answers in turn, then with success; remembers what it was invoked with.
struct Scripted {
    answers: Mutex<Vec<Invocation>>,
    seen: Mutex<Vec<Vec<(String, i64)>>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Invocation>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Scripted { answers: Mutex::new(answers), seen: Mutex::default() }
    }

    fn seen(&self) -> Vec<Vec<(String, i64)>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Target for Scripted {
    async fn invoke(&self, event: Bytes) -> Invocation {
        let event: Value = serde_json::from_slice(&event).unwrap();
        let partitions = event["records"].as_object().unwrap().iter();
        let records = partitions.flat_map(|(topic_partition, records)| {
            records
                .as_array()
                .unwrap()
                .iter()
                .map(|record| (topic_partition.clone(), record["offset"].as_i64().unwrap()))
        });
        self.seen.lock().unwrap().push(records.collect());
        self.answers.lock().unwrap().pop().unwrap_or(Invocation::Answered("null".into()))
    }
}

fn record(partition: i32, offset: i64) -> EventRecord {
    EventRecord {
        topic: "t".into(),
        partition,
        offset,
        timestamp: 0,
        timestamp_type: "CREATE_TIME",
        key: Some(None),
        value: Some(None),
        headers: Some(Vec::new()),
    }
}

fn reported(records: &[(&str, i64)]) -> Invocation {
    let failures: Vec<_> = records
        .iter()
        .map(|(topic_partition, offset)| json!({"itemIdentifier": {"partition": topic_partition, "offset": offset}}))
        .collect();
    Invocation::Answered(json!({"batchItemFailures": failures}).to_string().into())
}

fn rules() -> Rules {
    let partial_responses = Some(PartialResponses::OnlyTheListed);
    Rules { first_pause: Duration::ZERO, partial_responses, ..local_rules() }
}

async fn run(records: Vec<EventRecord>, target: &Scripted, rules: Rules) -> Delivery {
    deliver(&mut RecordedLog::of(records), target, rules, |_| ()).await
}

fn topic_partition(topic_partition: &str, offsets: impl IntoIterator<Item = i64>) -> Vec<(String, i64)> {
    offsets.into_iter().map(|offset| (topic_partition.to_owned(), offset)).collect()
}

#[tokio::test]
async fn batches_are_bounded_by_count_and_by_bytes() {
    let target = Scripted::new([]);
    let two = Rules { batch_size: 2, ..rules() };
    let delivery = run((0..5).map(|offset| record(0, offset)).collect(), &target, two).await;
    assert_eq!(
        target.seen(),
        [topic_partition("t-0", 0..2), topic_partition("t-0", 2..4), topic_partition("t-0", 4..5)]
    );
    assert_eq!((delivery.records, delivery.batches, delivery.invocations), (5, 3, 3));

    let mut large = record(0, 0);
    large.value = Some(Some("A".repeat(3 * 1024 * 1024)));
    let target = Scripted::new([]);
    let records = (0..3).map(|offset| EventRecord { offset, ..large.clone() }).collect();
    run(records, &target, local_rules()).await;
    assert_eq!(target.seen().len(), 3, "two of them are more than 6 MB");
}

#[tokio::test]
async fn after_an_error_the_whole_batch_comes_again() {
    for failure in [Invocation::Failed("{}".into()), Invocation::TimedOut, Invocation::Crashed("gone".into())] {
        let target = Scripted::new([failure]);
        let delivery = run(vec![record(0, 0), record(1, 0)], &target, rules()).await;
        let both = [topic_partition("t-0", 0..1), topic_partition("t-1", 0..1)].concat();
        assert_eq!(target.seen(), [both.clone(), both]);
        assert_eq!((delivery.records, delivery.batches, delivery.invocations), (2, 1, 2));
        assert!(delivery.gave_up.is_empty());
    }
}

#[tokio::test]
async fn only_what_was_reported_comes_again() {
    let records: Vec<_> = (0..4).map(|offset| record(0, offset)).chain([record(1, 7)]).collect();
    let target = Scripted::new([reported(&[("t-0", 1), ("t-0", 3)])]);
    run(records.clone(), &target, rules()).await;
    assert_eq!(target.seen()[1], topic_partition("t-0", [1, 3]));

    let target = Scripted::new([reported(&[("t-0", 1)])]);
    run(records, &target, Rules { partial_responses: Some(PartialResponses::FromTheLowest), ..rules() }).await;
    assert_eq!(target.seen()[1], topic_partition("t-0", 1..4));
}

#[tokio::test]
async fn an_unknown_record_in_the_report_brings_back_the_whole_batch() {
    for unknown in [("t", 0), ("t-0", 5), ("t-1", 0)] {
        let target = Scripted::new([reported(&[("t-0", 1), unknown])]);
        run(vec![record(0, 0), record(0, 1)], &target, rules()).await;
        assert_eq!(target.seen()[1], topic_partition("t-0", 0..2), "{unknown:?}");
    }
    let target = Scripted::new([Invocation::Answered("{\"batchItemFailures\":[{}]}".into())]);
    run(vec![record(0, 0)], &target, rules()).await;
    assert_eq!(target.seen().len(), 2);
}

#[tokio::test]
async fn a_report_is_ignored_where_the_mapping_does_not_expect_one() {
    let target = Scripted::new([reported(&[("t-0", 0)])]);
    let rules = Rules { partial_responses: None, ..rules() };
    run(vec![record(0, 0)], &target, rules).await;
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn every_shape_of_success_is_one() {
    for success in ["null", "{}", "{\"batchItemFailures\":[]}", "{\"batchItemFailures\":null}"] {
        let target = Scripted::new([Invocation::Answered(success.into())]);
        run(vec![record(0, 0)], &target, rules()).await;
        assert_eq!(target.seen().len(), 1, "{success}");
    }
}

#[tokio::test]
async fn without_attempts_left_records_are_named_and_the_next_batch_follows() {
    let target = Scripted::new([Invocation::TimedOut, reported(&[("t-0", 1)]), Invocation::TimedOut]);
    let rules = Rules { batch_size: 2, retries: Some(2), ..rules() };
    let delivery = run((0..3).map(|offset| record(0, offset)).collect(), &target, rules).await;
    assert_eq!(delivery.gave_up, BTreeSet::from([("t-0".to_owned(), 1)]));
    assert_eq!((delivery.invocations, delivery.batches, delivery.records), (4, 2, 3));
    assert_eq!(delivery.failures, ["timed out", "1 of 2 records reported unfinished", "timed out"]);
    assert_eq!(target.seen()[3], topic_partition("t-0", [2]));
}

#[tokio::test]
async fn a_process_that_ended_fails_its_invocation_and_uses_a_retry() {
    let target = Scripted::new([Invocation::Crashed("killed".into()), Invocation::Failed("no".into())]);
    let delivery = run(vec![record(0, 4)], &target, Rules { retries: Some(1), ..rules() }).await;
    assert_eq!(delivery.failures, ["killed", "no"]);
    assert_eq!((delivery.gave_up.len(), target.seen().len()), (1, 2));
}

#[tokio::test]
async fn each_partition_is_committed_behind_its_last_record() {
    let records = (0..5).map(|offset| record(0, offset)).chain([record(1, 7), record(1, 9)]);
    let mut log = RecordedLog::of(records);
    let mut sent = Vec::new();
    let rules = Rules { batch_size: 3, ..rules() };
    let delivery = deliver(&mut log, &Scripted::new([Invocation::TimedOut]), rules, |records| sent.push(records)).await;
    assert_eq!(log.committed(), BTreeMap::from([("t-0".to_owned(), 5), ("t-1".to_owned(), 10)]));
    assert_eq!((delivery.records, sent.last(), sent.len()), (7, Some(&7), delivery.batches));
}

#[tokio::test]
async fn a_record_too_large_for_any_event_is_given_up_unseen() {
    let mut large = record(0, 0);
    large.value = Some(Some("A".repeat(7 * 1024 * 1024)));
    let target = Scripted::new([]);
    let delivery = run(vec![large, record(0, 1)], &target, rules()).await;
    assert_eq!(target.seen(), [topic_partition("t-0", [1])]);
    assert_eq!((delivery.records, delivery.gave_up), (2, BTreeSet::from([("t-0".to_owned(), 0)])));
}

/// Returns with success, and keeps the last event.
#[derive(Default)]
struct Kept(Mutex<Value>);

impl Target for Kept {
    async fn invoke(&self, event: Bytes) -> Invocation {
        *self.0.lock().unwrap() = serde_json::from_slice(&event).unwrap();
        Invocation::Answered("null".into())
    }
}

#[tokio::test]
async fn records_arrive_as_they_were_written_broken_ones_too() {
    let broken = EventRecord {
        key: None,
        value: Some(Some("*not base64*".to_owned())),
        headers: Some(vec![[("trace".to_owned(), vec![200, -56])].into()]),
        ..record(0, 3)
    };
    let records = [broken, EventRecord { headers: None, ..record(2, 1) }];
    let kept = Kept::default();
    deliver(&mut RecordedLog::of(records.clone()), &kept, rules(), |_| ()).await;
    let expected: Value = serde_json::from_slice(&event(Origin::Msk, &records)).unwrap();
    assert_eq!(*kept.0.lock().unwrap(), expected);
    assert_eq!(expected["records"]["t-0"][0]["value"], "*not base64*");
}
