//! Two members of one group.

use std::collections::{BTreeMap, BTreeSet};

use event_source_mapping::Ending;

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function, different};
use crate::running::{Running, Told, rules, settings};

const PARTITIONS: i32 = 4;

async fn write(cluster: &Cluster, topic: &str, records: usize) {
    for partition in 0..PARTITIONS {
        cluster.write(topic, partition, (0..records).map(|nth| nth.to_string())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_member_joins_and_leaves_and_nothing_is_lost() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "rebalance";
    cluster.topic(topic, PARTITIONS).await;
    write(&cluster, topic, 50).await;
    let function = Function::start(|_| Answer::Returns).await;
    function.hold(true);
    let settings = settings(&broker.address, topic, topic);
    let first = Running::named("first", settings.clone(), rules(60), &function).await;
    // Every partition has a batch in flight.
    let in_flight = |invoked: &[(String, Vec<crate::function::Got>)]| {
        let records = invoked.iter().flat_map(|(_, records)| records);
        records.map(|got| got.partition).collect::<BTreeSet<_>>().len() == 4
    };
    function.until("a batch of each partition", in_flight).await;

    let second = Running::named("second", settings, rules(60), &function).await;
    let count = |told: &[Told], wanted: fn(&Told) -> bool| told.iter().filter(|told| wanted(told)).count();
    second.until("two partitions", |told| count(told, |told| matches!(told, Told::Assigned(_))) == 2).await;
    function.hold(false);
    function.until_different(200).await;
    write(&cluster, topic, 50).await;
    function.until_different(400).await;
    let by_second = function.invoked().into_iter().filter(|(name, _)| name == "second").collect::<Vec<_>>();
    assert_eq!(different(&by_second[..]), 2 * 100, "the second member has delivered its two partitions");

    let (_, told_second) = second.end(Ending::Finish).await;
    first
        .until("four partitions", |told| {
            count(told, |told| matches!(told, Told::Assigned(_)))
                == count(told, |told| matches!(told, Told::Revoked(_))) + 4
        })
        .await;
    write(&cluster, topic, 50).await;
    function.until_different(600).await;
    let (_, told_first) = first.end(Ending::Finish).await;

    let ends: BTreeMap<_, _> = (0..PARTITIONS).map(|partition| (partition, 150)).collect();
    assert_eq!(cluster.committed(topic, topic).await, ends);
    let gone: BTreeSet<i32> = told_first
        .iter()
        .filter_map(|told| if let Told::Revoked(partition) = told { Some(*partition) } else { None })
        .collect();
    assert_eq!(gone.len(), 2, "{told_first:?}");
    // Members that keep a partition do not notice: it is assigned once, and delivered once.
    let mut times: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    function.records().iter().for_each(|got| *times.entry((got.partition, got.offset)).or_default() += 1);
    for partition in (0..PARTITIONS).filter(|partition| !gone.contains(partition)) {
        assert_eq!(told_first.iter().filter(|told| **told == Told::Assigned(partition)).count(), 1);
        assert!(times.range((partition.into(), 0)..(i64::from(partition) + 1, 0)).all(|(_, times)| *times == 1));
    }
    // What the first member had in flight is delivered again by the second, and commits nothing when it returns.
    for partition in gone {
        assert_eq!(times[&(partition.into(), 0)], 2, "{times:?}");
        let lost = told_first.iter().position(|told| *told == Told::Revoked(partition)).unwrap();
        let back = told_first.iter().rposition(|told| *told == Told::Assigned(partition)).unwrap();
        let commit = |told: &Told| matches!(told, Told::Committed(at, ..) if *at == partition);
        assert!(lost < back && !told_first[lost..back].iter().any(commit), "{told_first:?}");
        assert!(told_second.iter().any(commit));
    }
}
