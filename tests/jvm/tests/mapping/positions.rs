//! Starting positions: where a group begins, and where it goes on.

use std::collections::BTreeMap;

use event_source_mapping::{Ending, KafkaSettings, StartingPosition};

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function};
use crate::running::{Running, Told, rules, settings};

/// The offsets that a mapping delivers until it has committed up to `end`.
async fn delivered(settings: KafkaSettings, end: i64) -> Vec<i64> {
    let function = Function::start(|_| Answer::Returns).await;
    let running = Running::to("function", function.url(), settings, rules(100), |_| {}).await;
    running.until("the end", |told| told.contains(&Told::Committed(0, end, None))).await;
    running.end(Ending::Finish).await;
    function.records().iter().map(|got| got.offset).collect()
}

#[tokio::test]
async fn a_new_group_begins_where_its_settings_say_and_goes_on_where_it_was() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "positions.old";
    cluster.topic(topic, 1).await;
    let at = |nth: i64| 1_700_000_000_000 + nth * 60_000;
    cluster.write_at(topic, 0, (0..10).map(|nth| (nth.to_string(), Some(at(nth))))).await;
    let group = |group: &str, position| KafkaSettings {
        starting_position: position,
        ..settings(&broker.address, topic, &format!("positions.{group}"))
    };
    let oldest = group("oldest", StartingPosition::TrimHorizon);
    assert_eq!(delivered(oldest.clone(), 10).await, (0..10).collect::<Vec<_>>());
    let moment = group("moment", StartingPosition::AtTimestamp(at(7) - 1));
    assert_eq!(delivered(moment.clone(), 10).await, [7, 8, 9]);
    // Later than every record: what comes from now on.
    let later = group("later", StartingPosition::AtTimestamp(at(100)));

    let function = Function::start(|_| Answer::Returns).await;
    let running = Running::to("function", function.url(), later.clone(), rules(100), |_| {}).await;
    let begun = async || while cluster.committed(&later.group, topic).await != BTreeMap::from([(0, 10)]) {};
    tokio::time::timeout(crate::function::WITHIN, begun()).await.unwrap();
    running.end(Ending::Finish).await;
    assert!(function.records().is_empty());

    cluster.write(topic, 0, ["ten"]).await;
    assert_eq!(delivered(oldest, 11).await, [10], "what is committed wins over TRIM_HORIZON");
    assert_eq!(delivered(moment, 11).await, [10], "and over AT_TIMESTAMP");
    assert_eq!(delivered(later, 11).await, [10]);
}

#[tokio::test]
async fn a_group_that_began_at_the_end_skips_nothing_that_came_later() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "positions.new";
    cluster.topic(topic, 1).await;
    cluster.write(topic, 0, ["before", "before", "before"]).await;
    let latest =
        KafkaSettings { starting_position: StartingPosition::Latest, ..settings(&broker.address, topic, topic) };
    let function = Function::start(|_| Answer::Returns).await;
    let running = Running::to("function", function.url(), latest.clone(), rules(100), |_| {}).await;
    let begun = async || while cluster.committed(topic, topic).await != BTreeMap::from([(0, 3)]) {};
    tokio::time::timeout(crate::function::WITHIN, begun()).await.unwrap();
    // It ends before it has received anything.
    running.end(Ending::Finish).await;
    cluster.write(topic, 0, ["while it was away"]).await;
    assert_eq!(delivered(latest.clone(), 4).await, [3]);
    cluster.write(topic, 0, ["again"]).await;
    assert_eq!(delivered(latest, 5).await, [4]);
}
