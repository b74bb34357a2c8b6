//! A broker that is killed.

use std::collections::BTreeMap;

use event_source_mapping::Ending;

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function};
use crate::running::{Running, Told, rules, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_was_killed_comes_back_and_nothing_is_lost() {
    let mut broker = Broker::alone().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "outage";
    cluster.topic(topic, 2).await;
    for partition in 0..2 {
        cluster.write(topic, partition, (0..100).map(|nth| nth.to_string())).await;
    }
    let function = Function::start(|_| Answer::Returns).await;
    let running = Running::start(settings(&broker.address, topic, topic), rules(100), &function).await;
    function.until_different(200).await;
    let first = |told: &[Told]| [0, 1].iter().all(|at| told.contains(&Told::Committed(*at, 100, None)));
    running.until("the first commits", first).await;

    function.hold(true);
    for partition in 0..2 {
        cluster.write(topic, partition, (0..10).map(|nth| nth.to_string())).await;
    }
    function.until_different(220).await;
    broker.kill().await;
    // The batches end while nothing can be committed.
    function.hold(false);
    let trouble = |told: &Told| matches!(told, Told::Trouble(text) if text.contains("the brokers do not answer"));
    running.until("a report", |told| told.iter().any(trouble)).await;
    let failed = |at: i32| move |told: &Told| matches!(told, Told::Committed(p, 110, Some(_)) if *p == at);
    running.until("failed commits", |told| told.iter().any(failed(0)) && told.iter().any(failed(1))).await;

    broker.restart().await;
    // Nothing more comes in partition 1: its last batch is committed although no later one is.
    let cluster = Cluster::connect(&broker.address).await;
    cluster.write(topic, 0, (0..50).map(|nth| nth.to_string())).await;
    let done =
        |told: &[Told]| told.contains(&Told::Committed(0, 160, None)) && told.contains(&Told::Committed(1, 110, None));
    running.until("the rest", done).await;
    let again = |told: &Told| *told == Told::Trouble("the brokers answer again".to_owned());
    running.until("the end of it", |told| told.iter().any(again)).await;
    running.end(Ending::Finish).await;
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 160), (1, 110)]));
    let offsets: std::collections::BTreeSet<_> =
        function.records().iter().map(|got| (got.partition, got.offset)).collect();
    assert_eq!(offsets.len(), 270);
}
