//! Ten thousand records.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use event_source_mapping::Ending;

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function};
use crate::running::{Running, Told, rules, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_records_arrive_once_in_order_and_are_committed() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "delivery.many";
    cluster.topic(topic, 3).await;
    for partition in 0..3 {
        let records = (0..10_000).filter(|nth| nth % 3 == partition);
        cluster.write(topic, partition, records.map(|nth| format!("{{\"order\":{nth}}}"))).await;
    }
    let function = Function::start(|_| Answer::Returns).await;
    let started = Instant::now();
    let running = Running::start(settings(&broker.address, topic, topic), rules(100), &function).await;
    running.until("a partition", |told| told.iter().any(|told| matches!(told, Told::Assigned(_)))).await;
    let assigned = Instant::now();
    function.until_different(10_000).await;
    let took = assigned.elapsed();
    let (counters, told) = running.end(Ending::Finish).await;

    let mut offsets: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for got in function.records() {
        offsets.entry(got.partition).or_default().push(got.offset);
    }
    for (partition, expected) in [(0, 3334), (1, 3333), (2, 3333)] {
        assert_eq!(offsets[&partition], (0..expected).collect::<Vec<_>>(), "partition {partition}");
    }
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 3334), (1, 3333), (2, 3333)]));
    assert_eq!((counters.polled_event_count, counters.invoked_event_count), (10_000, 10_000));

    let mut invocations: Vec<Duration> = told
        .iter()
        .filter_map(|told| match told {
            Told::Invoked(_, took) => Some(*took),
            Told::Assigned(_) | Told::Revoked(_) | Told::GivenUp | Told::Committed(..) | Told::Trouble(_) => None,
        })
        .collect();
    invocations.sort_unstable();
    let batches = u32::try_from(invocations.len()).unwrap();
    println!(
        "10000 records, 3 partitions, batches of 100, empty function: {:.0} records/s; {batches} batches, {:.2} ms each, \
         of which the invocation {:.2} ms (median); the group was joined in {} ms",
        10_000.0 / took.as_secs_f64(),
        took.as_secs_f64() * 1e3 / f64::from(batches),
        invocations[invocations.len() / 2].as_secs_f64() * 1e3,
        assigned.duration_since(started).as_millis(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_is_stuck_does_not_keep_others_from_being_read() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "delivery.stuck";
    cluster.topic(topic, 2).await;
    // More than a client buffers.
    cluster.write(topic, 0, (0..3000).map(|_| "stuck")).await;
    let function =
        Function::start(|got| if got.iter().any(|got| got.value == "stuck") { Answer::Fails } else { Answer::Returns })
            .await;
    let running = Running::start(settings(&broker.address, topic, topic), rules(10), &function).await;
    running.until("failures", |told| told.iter().filter(|told| matches!(told, Told::Invoked(..))).count() > 3).await;
    cluster.write(topic, 1, (0..25).map(|_| "fine")).await;
    let fine = |told: &[Told]| told.contains(&Told::Committed(1, 25, None));
    running.until("the records of partition 1", fine).await;
    running.end(Ending::Finish).await;
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 0), (1, 25)]));
}
