//! The event source mapping drives handlers of AWS Lambda Powertools for Python in AWS's own runtime client.
//!
//! The mapping invokes them by the Invoke API; between it and the runtime client is [`local_stack::LambdaHost`], which has
//! real timeouts and crashes. `cargo lambda watch` (1.9.2) cannot take its place: it sends events without `Content-Type`,
//! and the runtime client for Python (4.2.2) then ends with a segmentation fault.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod invoke_api;
mod records;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use event_source_mapping::machine::{PartialResponses, Rules, TopicPartition};
use event_source_mapping::{Cluster, Invocation, KafkaRecord};
use serde_json::{Value, json};

use crate::records::{failing, msk, order, rules, run, run_with_timeout};

const ORDERS_0: &str = "shop.orders-0";
const ORDERS_1: &str = "shop.orders-1";

fn at(name: &str, offsets: impl IntoIterator<Item = i64>) -> Vec<(&str, i64)> {
    offsets.into_iter().map(|offset| (name, offset)).collect()
}

fn committed<const N: usize>(offsets: [(&str, i64); N]) -> BTreeMap<String, i64> {
    offsets.into_iter().map(|(name, offset)| (name.to_owned(), offset)).collect()
}

fn partial_responses(reading: PartialResponses) -> Rules {
    Rules { partial_responses: Some(reading), ..rules() }
}

/// Every kind of key, value and header, and what a handler reads of it.
fn every_kind() -> (Vec<KafkaRecord>, Value) {
    let value = json!({"id": "ü-1", "total": 12.5, "lines": [{"sku": "🎁"}, null]});
    let bytes = |bytes: &[u8]| Some(Bytes::copy_from_slice(bytes));
    let records = vec![
        KafkaRecord {
            at: TopicPartition::new("shop.orders", 0),
            offset: 15,
            timestamp: 1_545_084_650_987,
            log_append_time: false,
            key: bytes("für Ada".as_bytes()),
            value: bytes(value.to_string().as_bytes()),
            headers: vec![
                ("trace".into(), bytes(&[0, 127, 128, 195, 255])),
                ("hop".into(), bytes(b"first")),
                ("hop".into(), bytes(b"second")),
                ("empty".into(), bytes(b"")),
            ],
        },
        KafkaRecord {
            at: TopicPartition::new("shop.orders", 0),
            offset: 17,
            timestamp: 1_545_084_650_990,
            log_append_time: true,
            key: bytes(b"o-2"),
            value: None,
            headers: Vec::new(),
        },
        KafkaRecord {
            at: TopicPartition::new("shop.orders", 12),
            offset: 9_007_199_254_740_993,
            timestamp: 0,
            log_append_time: false,
            key: None,
            value: bytes(b"[1]"),
            headers: Vec::new(),
        },
    ];
    let read = json!([
        {
            "name": "shop.orders-0", "topic": "shop.orders", "partition": 0, "offset": 15,
            "timestamp": 1_545_084_650_987_i64, "timestamp_type": "CREATE_TIME",
            "key": "für Ada", "value": value,
            "headers": [["trace", [0, 127, -128, -61, -1]], ["hop", b"first"], ["hop", b"second"], ["empty", []]],
            // Powertools keeps the last header of a name.
            "last_headers": {"trace": [0, 127, 128, 195, 255], "hop": b"second", "empty": []},
        },
        {
            "name": "shop.orders-0", "topic": "shop.orders", "partition": 0, "offset": 17,
            "timestamp": 1_545_084_650_990_i64, "timestamp_type": "LOG_APPEND_TIME",
            "key": "o-2", "value": null, "headers": [], "last_headers": {},
        },
        {
            "name": "shop.orders-12", "topic": "shop.orders", "partition": 12, "offset": 9_007_199_254_740_993_i64,
            "timestamp": 0, "timestamp_type": "CREATE_TIME",
            "key": null, "value": [1], "headers": [], "last_headers": {},
        },
    ]);
    (records, read)
}

#[tokio::test(flavor = "multi_thread")]
async fn data_classes_read_every_kind_of_record_as_it_was_sent() {
    let (records, read) = every_kind();
    let run = run("data_class", rules(), msk(), records).await;
    assert_eq!(run.seen.len(), 1, "{}", run.output);
    let line = &run.seen[0];
    assert_eq!(line["records"], read);
    assert_eq!(line["source"], "aws:kafka");
    assert_eq!(line["arn"], "arn:aws:kafka:us-east-1:000000000000:cluster/shop/1");
    assert_eq!(line["servers"], json!(["one:9092", "two:9092"]));
    assert!(line["remaining_ms"].as_i64().unwrap() > 0, "the deadline is in the future: {line}");
    assert_eq!(run.committed, committed([(ORDERS_0, 18), ("shop.orders-12", 9_007_199_254_740_994)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kafka_consumer_reads_the_same_of_a_self_managed_cluster() {
    let (records, read) = every_kind();
    let run = run("consumer", rules(), Cluster::SelfManaged, records).await;
    assert_eq!(run.seen.len(), 1, "{}", run.output);
    assert_eq!(run.seen[0]["records"], read);
    assert_eq!((&run.seen[0]["source"], &run.seen[0]["arn"]), (&json!("SelfManagedKafka"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_brings_the_whole_batch_again_until_it_succeeds() {
    let records = vec![order(0, 0), failing(0, 1, 2, "raise"), order(1, 5)];
    let run = run("whole_batch", rules(), msk(), records).await;
    let batch = [at(ORDERS_0, 0..2), at(ORDERS_1, 5..6)].concat();
    assert_eq!(run.deliveries(), [batch.clone(), batch.clone(), batch], "{}", run.output);
    let Invocation::Failed(document) = &run.outcomes[0] else { panic!("{:?}", run.outcomes[0]) };
    let document: Value = serde_json::from_slice(document).unwrap();
    assert_eq!(
        (&document["errorType"], &document["errorMessage"]),
        (&json!("ValueError"), &json!("order 1 has no total"))
    );
    assert_eq!(run.outcomes[2], Invocation::Returned("null".into()));
    assert_eq!(run.committed, committed([(ORDERS_0, 2), (ORDERS_1, 6)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_batch_processors_failures_come_again_and_the_rest_does_not() {
    let records = || vec![order(0, 0), failing(0, 1, 1, "raise"), order(0, 2), order(1, 5)];
    let batch = [at(ORDERS_0, 0..3), at(ORDERS_1, 5..6)].concat();
    let listed = partial_responses(PartialResponses::OnlyTheListed);
    let run_listed = run("partial_response", listed, msk(), records()).await;
    assert_eq!(run_listed.deliveries(), [batch.clone(), at(ORDERS_0, 1..2)], "{}", run_listed.output);
    let lowest = partial_responses(PartialResponses::FromTheLowest);
    let run_lowest = run("partial_response", lowest, msk(), records()).await;
    assert_eq!(run_lowest.deliveries(), [batch, at(ORDERS_0, 1..3)], "{}", run_lowest.output);
    for run in [run_listed, run_lowest] {
        let expected = json!({"batchItemFailures": [{"itemIdentifier": {"partition": ORDERS_0, "offset": 1}}]});
        let Invocation::Returned(response) = &run.outcomes[0] else { panic!("{:?}", run.outcomes[0]) };
        assert_eq!(serde_json::from_slice::<Value>(response).unwrap(), expected);
        assert_eq!(run.committed, committed([(ORDERS_0, 3), (ORDERS_1, 6)]));
        assert!(run.unusable.is_empty(), "{:?}", run.unusable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_every_record_fails_is_an_error_and_comes_again() {
    let records = vec![failing(0, 0, 1, "raise"), failing(0, 1, 2, "raise")];
    let listed = partial_responses(PartialResponses::OnlyTheListed);
    let run = run("partial_response", listed, msk(), records).await;
    // The second time one of them succeeds, and the other one is listed.
    assert_eq!(run.deliveries(), [at(ORDERS_0, 0..2), at(ORDERS_0, 0..2), at(ORDERS_0, 1..2)], "{}", run.output);
    let Invocation::Failed(document) = &run.outcomes[0] else { panic!("{:?}", run.outcomes[0]) };
    assert!(String::from_utf8_lossy(document).contains("BatchProcessingError"), "{document:?}");
    assert_eq!(run.committed, committed([(ORDERS_0, 2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_report_batch_item_failures_what_is_listed_is_committed() {
    let records = vec![order(0, 0), failing(0, 1, 1, "raise"), order(0, 2)];
    let run = run("partial_response", rules(), msk(), records).await;
    assert_eq!(run.deliveries(), [at(ORDERS_0, 0..3)], "{}", run.output);
    assert_eq!(run.committed, committed([(ORDERS_0, 3)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_names_the_topic_alone_brings_the_whole_batch_again() {
    let records = vec![order(0, 0), failing(0, 1, 1, "raise")];
    let listed = partial_responses(PartialResponses::OnlyTheListed);
    let run = run("without_the_number", listed, msk(), records).await;
    assert_eq!(run.deliveries(), [at(ORDERS_0, 0..2), at(ORDERS_0, 0..2)], "{}", run.output);
    assert!(run.unusable[0].contains("shop.orders at offset 1"), "{:?}", run.unusable);
    assert_eq!((run.unusable.len(), run.committed), (1, committed([(ORDERS_0, 2)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_exits_is_restarted_and_gets_the_whole_batch_again() {
    let records = vec![order(0, 0), failing(0, 1, 1, "exit")];
    let listed = partial_responses(PartialResponses::OnlyTheListed);
    let run = run("partial_response", listed, msk(), records).await;
    assert_eq!(run.deliveries(), [at(ORDERS_0, 0..2), at(ORDERS_0, 0..2)], "{}", run.output);
    let Invocation::Failed(document) = &run.outcomes[0] else { panic!("{:?}", run.outcomes[0]) };
    assert!(String::from_utf8_lossy(document).contains("Runtime.ExitError"), "{document:?}");
    assert_eq!(run.committed, committed([(ORDERS_0, 2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_times_out_is_retried_in_a_new_process() {
    let records = vec![order(0, 0), failing(0, 1, 1, "hang")];
    let run = run_with_timeout("whole_batch", Duration::from_secs(3), rules(), msk(), records).await;
    assert_eq!(run.deliveries(), [at(ORDERS_0, 0..2), at(ORDERS_0, 0..2)], "{}", run.output);
    assert_eq!(run.outcomes, [Invocation::TimedOut, Invocation::Returned("null".into())]);
    assert_eq!(run.committed, committed([(ORDERS_0, 2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn splitting_isolates_a_record_that_always_fails() {
    let records = (0..8).map(|offset| if offset == 5 { failing(0, 5, 100, "raise") } else { order(0, offset) });
    let rules = Rules { bisect: true, retries: Some(1), ..rules() };
    let run = run("whole_batch", rules, msk(), records.collect()).await;
    let expected = [at(ORDERS_0, 0..8), at(ORDERS_0, 0..4), at(ORDERS_0, 4..8), at(ORDERS_0, 4..6), at(ORDERS_0, 4..5)];
    let alone = [at(ORDERS_0, 5..6), at(ORDERS_0, 5..6), at(ORDERS_0, 6..8)];
    assert_eq!(run.deliveries(), [expected.as_slice(), &alone].concat(), "{}", run.output);
    assert_eq!(run.given_up, [(ORDERS_0.to_owned(), 5)]);
    assert_eq!(run.committed, committed([(ORDERS_0, 8)]));
}
