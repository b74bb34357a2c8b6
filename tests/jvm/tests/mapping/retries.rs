//! Retries: what consumes one and what does not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_source_mapping::machine::Rules;
use event_source_mapping::{Ending, Invocation};
use jvm_peers::free_ports;

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function};
use crate::running::{Running, Told, rules, settings};

#[tokio::test]
async fn throttling_consumes_no_retry_but_errors_and_timeouts_do() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "retries.throttled";
    cluster.topic(topic, 1).await;
    cluster.write(topic, 0, ["first", "second"]).await;
    let invocations = AtomicUsize::new(0);
    let answers = [
        Answer::Throttled,
        Answer::Throttled,
        Answer::Throttled,
        Answer::Fails,
        Answer::Throttled,
        Answer::TimesOut,
        Answer::Returns,
        // The second batch is given up: the first attempt and two retries.
        Answer::Fails,
        Answer::TimesOut,
        Answer::Throttled,
        Answer::Fails,
    ];
    let function = Function::start(move |_| answers[invocations.fetch_add(1, Ordering::SeqCst)]).await;
    let rules = Rules { retries: Some(2), ..rules(1) };
    let settings = settings(&broker.address, topic, topic);
    let running = Running::to("function", function.url(), settings, rules, |_| {}).await;
    running.until("both", |told| told.contains(&Told::Committed(0, 2, None))).await;
    let (counters, told) = running.end(Ending::Finish).await;
    let outcomes: Vec<_> = told
        .iter()
        .filter_map(|told| match told {
            Told::Invoked(outcome, _) => Some(outcome),
            _ => None,
        })
        .collect();
    let timed_out = outcomes.iter().filter(|outcome| ***outcome == Invocation::TimedOut).count();
    let throttled = outcomes.iter().filter(|outcome| ***outcome == Invocation::Throttled).count();
    assert_eq!((outcomes.len(), timed_out, throttled), (11, 2, 5), "{outcomes:?}");
    assert_eq!((counters.dropped_event_count, counters.failed_invoke_event_count), (1, 5), "{told:?}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_consumes_no_retry() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "retries.absent";
    cluster.topic(topic, 1).await;
    cluster.write(topic, 0, ["only"]).await;
    let [port] = free_ports().unwrap();
    let rules = Rules { retries: Some(0), ..rules(10) };
    let settings = settings(&broker.address, topic, topic);
    let running = Running::to("function", &format!("http://127.0.0.1:{port}"), settings, rules, |_| {}).await;
    let unreachable = |told: &&Told| matches!(told, Told::Invoked(Invocation::Unreachable(_), _));
    running.until("attempts", |told| told.iter().filter(unreachable).count() > 3).await;
    let function = Function::at(port, |_| Answer::Returns).await;
    running.until("the record", |told| told.contains(&Told::Committed(0, 1, None))).await;
    let (counters, told) = running.end(Ending::Finish).await;
    assert_eq!((function.records().len(), counters.dropped_event_count), (1, 0), "{told:?}");
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 1)]));
}
