//! Contracts compared with a cluster: what is done, what is refused, and that nothing is lost without being asked for.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use topic_contracts::{Allowed, CleanupPolicy, KeyFormat, Plan, Service, Step, TopicContract, TopicState, Topics};

const ORDERS: &str = "cdc.mysql.shop.orders";
const DAY: i64 = 86_400_000;
const LOSS: Allowed = Allowed { data_loss: true, service: Service::Kafka };
const SERVERLESS: Allowed = Allowed { data_loss: true, service: Service::MskServerless };

type Cluster = BTreeMap<String, TopicState>;

fn contract() -> TopicContract {
    static READ: LazyLock<TopicContract> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/topics");
        Topics::read(&folder).unwrap().contracts.remove(&ORDERS.parse().unwrap()).unwrap()
    });
    READ.clone()
}

/// The cluster's topic as its contract says, changed.
fn cluster(change: impl FnOnce(&mut TopicState)) -> Cluster {
    let contract = contract();
    let config = contract.config.entries().into_iter().map(|(key, value)| (key.to_owned(), value));
    let mut state = TopicState { partitions: contract.partitions, config: config.collect() };
    change(&mut state);
    BTreeMap::from([(ORDERS.to_owned(), state)])
}

fn plan(contract: &TopicContract, cluster: &Cluster, allowed: Allowed) -> Plan {
    Plan::compare(&BTreeMap::from([(ORDERS.to_owned(), contract)]), cluster, allowed)
}

/// Changes and refusals as they are shown.
fn shown(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().map(ToString::to_string);
    changes.chain(plan.refusals.iter().map(ToString::to_string)).collect()
}

#[test]
fn a_cluster_that_has_what_is_said_needs_nothing() {
    assert!(plan(&contract(), &cluster(|_| {}), Allowed::default()).is_empty());
}

#[test]
fn a_missing_topic_is_created_with_its_settings() {
    let plan = plan(&contract(), &Cluster::new(), Allowed::default());
    let expected = "cdc.mysql.shop.orders: create it with 3 partitions, cleanup.policy=delete max.message.bytes=1048576 \
                    message.timestamp.type=CreateTime retention.ms=604800000";
    assert_eq!(shown(&plan), [expected]);
}

#[test]
fn a_topic_without_contract_is_named_and_left_alone() {
    let mut cluster = cluster(|_| {});
    cluster.insert("shop.order.placed".into(), TopicState::default());
    let plan = plan(&contract(), &cluster, LOSS);
    assert!(plan.is_empty());
    assert_eq!(plan.undeclared, ["shop.order.placed"]);
}

#[test]
fn more_partitions_are_added_with_a_warning_about_keys() {
    let fewer = cluster(|state| state.partitions = 2);
    let expected = "cdc.mysql.shop.orders: add partitions, from 2 to 3\n  warning: a key's later records may be in another partition";
    assert!(shown(&plan(&contract(), &fewer, Allowed::default()))[0].starts_with(expected));

    let mut compacted = contract();
    compacted.config.cleanup_policy = CleanupPolicy::CompactDelete;
    let shown_for_compacted = shown(&plan(&compacted, &fewer, LOSS)).concat();
    assert!(shown_for_compacted.contains("better write to a new topic"), "{shown_for_compacted}");

    let mut without_keys = contract();
    without_keys.key.format = KeyFormat::None;
    let step = &plan(&without_keys, &fewer, LOSS).changes[0].step;
    assert_eq!(*step, Step::AddPartitions { from: 2, to: 3, warning: None });
}

#[test]
fn fewer_partitions_are_refused_even_with_data_loss() {
    let plan = plan(&contract(), &cluster(|state| state.partitions = 4), LOSS);
    let expected = "cdc.mysql.shop.orders: refused to lower the partitions from 4 to 3: Kafka cannot remove partitions";
    assert!(plan.changes.is_empty() && shown(&plan)[0].starts_with(expected), "{:?}", shown(&plan));
}

#[test]
fn what_would_remove_records_is_refused_until_it_is_allowed() {
    let set = |key: &'static str, value: &'static str| {
        move |state: &mut TopicState| drop(state.config.insert(key.to_owned(), value.to_owned()))
    };
    let mut compacted = contract();
    compacted.config.cleanup_policy = CleanupPolicy::Compact;
    (compacted.config.retention_ms, compacted.config.delete_retention_ms) = (None, Some(DAY));
    for (wanted, found, lost) in [
        (contract(), cluster(set("retention.ms", "-1")), "set retention.ms from -1 to 604800000"),
        (contract(), cluster(set("retention.ms", "604800001")), "set retention.ms from 604800001 to 604800000"),
        (contract(), cluster(set("cleanup.policy", "compact")), "set cleanup.policy from compact to delete"),
        (contract(), cluster(|state| drop(state.config.remove("retention.ms"))), "from an unknown value to 604800000"),
        (contract(), cluster(|state| drop(state.config.remove("cleanup.policy"))), "from an unknown value to delete"),
        (
            compacted.clone(),
            cluster(set("delete.retention.ms", "86400000")),
            "set cleanup.policy from delete to compact",
        ),
        (
            compacted,
            cluster(|state| {
                set("cleanup.policy", "compact")(state);
                set("delete.retention.ms", "86400001")(state);
            }),
            "set delete.retention.ms from 86400001 to 86400000",
        ),
    ] {
        let refused = plan(&wanted, &found, Allowed::default());
        assert_eq!(refused.refusals.len(), 1, "{lost}: {:?}", shown(&refused));
        let reason = refused.refusals[0].to_string();
        assert!(reason.contains(lost) && reason.contains("allow data loss"), "{lost}: {reason}");
        let allowed = plan(&wanted, &found, LOSS);
        assert!(allowed.refusals.is_empty() && shown(&allowed)[0].contains(lost), "{lost}: {:?}", shown(&allowed));
    }
}

#[test]
fn what_keeps_more_is_changed_without_being_asked() {
    let shorter = cluster(|state| drop(state.config.insert("retention.ms".into(), "3600000".into())));
    let expected = "cdc.mysql.shop.orders: set retention.ms from 3600000 to 604800000";
    assert_eq!(shown(&plan(&contract(), &shorter, Allowed::default())), [expected]);
    let both = cluster(|state| drop(state.config.insert("cleanup.policy".into(), "compact, delete".into())));
    let expected = "cdc.mysql.shop.orders: set cleanup.policy from compact, delete to delete";
    assert_eq!(shown(&plan(&contract(), &both, Allowed::default())), [expected]);
}

#[test]
fn a_policy_is_the_same_in_any_order() {
    let mut contract = contract();
    contract.config.cleanup_policy = CleanupPolicy::CompactDelete;
    let other = cluster(|state| drop(state.config.insert("cleanup.policy".into(), "delete, compact".into())));
    assert!(plan(&contract, &other, Allowed::default()).is_empty());
}

#[test]
fn smaller_batches_come_with_a_warning() {
    let larger = cluster(|state| drop(state.config.insert("max.message.bytes".into(), "8388608".into())));
    let shown = shown(&plan(&contract(), &larger, Allowed::default()));
    assert!(shown[0].contains("from 8388608 to 1048576\n  warning: records that fit before"), "{shown:?}");
}

#[test]
fn a_name_that_metrics_cannot_tell_from_another_is_not_created() {
    let other = BTreeMap::from([("cdc.mysql.shop_orders".to_owned(), TopicState::default())]);
    let plan = plan(&contract(), &other, LOSS);
    let expected =
        "cdc.mysql.shop.orders: refused to create it: a topic of the cluster has a name that differs only by";
    assert!(plan.changes.is_empty() && shown(&plan)[0].starts_with(expected), "{:?}", shown(&plan));
}

#[test]
fn msk_serverless_is_asked_only_for_what_it_sets() {
    let mut compacted = contract();
    (compacted.config.cleanup_policy, compacted.config.delete_retention_ms) = (CleanupPolicy::CompactDelete, Some(DAY));
    let create = plan(&compacted, &Cluster::new(), SERVERLESS);
    let expected = "create it with 3 partitions, cleanup.policy=compact,delete max.message.bytes=1048576 \
                    message.timestamp.type=CreateTime retention.ms=604800000";
    assert!(shown(&create)[0].ends_with(expected), "{:?}", shown(&create));
    assert_eq!(create.unsettable.len(), 1);
    assert!(create.unsettable[0].to_string().contains("set delete.retention.ms to 86400000: MSK Serverless"));

    let existing = plan(&compacted, &cluster(|state| drop(state.config.remove("delete.retention.ms"))), SERVERLESS);
    assert!(existing.changes.is_empty());
    assert!(
        shown(&existing)[0]
            .contains("set cleanup.policy from delete to compact,delete: MSK Serverless takes a policy only")
    );
    assert!(plan(&contract(), &cluster(|_| {}), SERVERLESS).is_empty());
}

#[test]
fn msk_serverless_is_known_by_its_servers() {
    let service = Service::of_servers;
    assert_eq!(service("boot-abc.c2.kafka-serverless.eu-central-1.amazonaws.com:9098"), Service::MskServerless);
    for servers in
        ["b-1.demo.abc.c2.kafka.eu-central-1.amazonaws.com:9098", "127.0.0.1:9092", "kafka-serverless.example.com:1"]
    {
        assert_eq!(service(servers), Service::Kafka, "{servers}");
    }
}

/// What a client would do with the plan.
fn applied(plan: &Plan, cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.clone();
    for change in &plan.changes {
        let state = cluster.entry(change.topic.clone()).or_default();
        match &change.step {
            Step::Create { partitions, config } => {
                state.partitions = *partitions;
                state.config = config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
            }
            Step::Set { key, to, .. } => drop(state.config.insert((*key).to_owned(), to.clone())),
            Step::AddPartitions { to, .. } => state.partitions = *to,
        }
    }
    cluster
}

/// For how long a record is kept by age, in milliseconds.
fn kept(state: &TopicState) -> i64 {
    let value = |key: &str| state.config.get(key).map(String::as_str).unwrap_or_default();
    let ms = value("retention.ms").parse().unwrap_or(-1);
    if ms < 0 || !value("cleanup.policy").contains("delete") { i64::MAX } else { ms }
}

fn states() -> impl Strategy<Value = Cluster> {
    let config = (
        prop::option::of(prop::sample::select(vec!["delete", "compact", "compact,delete", "delete,compact"])),
        prop::option::of(prop_oneof![Just(-1), 1..20 * DAY]),
        prop::option::of(1_000..4_000_000_u32),
    );
    let state = (1..9_u32, config).prop_map(|(partitions, (policy, retention, bytes))| {
        let entries = [
            ("cleanup.policy", policy.map(str::to_owned)),
            ("retention.ms", retention.map(|ms| ms.to_string())),
            ("max.message.bytes", bytes.map(|bytes| bytes.to_string())),
        ];
        let config = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        TopicState { partitions, config }
    });
    prop::collection::btree_map(prop::sample::select(vec![ORDERS.to_owned(), "a.b.c".to_owned()]), state, 0..3)
}

fn contracts() -> impl Strategy<Value = TopicContract> {
    let policies = vec![CleanupPolicy::Delete, CleanupPolicy::Compact, CleanupPolicy::CompactDelete];
    (prop::sample::select(policies), prop_oneof![Just(-1), 1..20 * DAY], 1..9_u32).prop_map(
        |(policy, ms, partitions)| {
            let mut contract = contract();
            contract.partitions = partitions;
            contract.config.cleanup_policy = policy;
            contract.config.retention_ms = policy.deletes().then_some(ms);
            contract
        },
    )
}

proptest! {
    #[test]
    fn a_plan_that_was_applied_leaves_only_its_refusals(contract in contracts(), cluster in states(), data_loss: bool, serverless: bool) {
        let allowed = Allowed { data_loss, service: if serverless { Service::MskServerless } else { Service::Kafka } };
        let first = plan(&contract, &cluster, allowed);
        let second = plan(&contract, &applied(&first, &cluster), allowed);
        prop_assert!(second.changes.is_empty(), "{:?}", shown(&second));
        prop_assert_eq!(second.refusals.len(), first.refusals.len());
    }

    #[test]
    fn nothing_is_lost_by_a_plan_that_may_not(contract in contracts(), cluster in states()) {
        let after = applied(&plan(&contract, &cluster, Allowed::default()), &cluster);
        for (topic, before) in &cluster {
            let after = &after[topic];
            prop_assert!(after.partitions >= before.partitions);
            prop_assert!(kept(after) >= kept(before));
            let compacts = |state: &TopicState| state.config.get("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
            prop_assert!(compacts(before) || !compacts(after));
            if topic != ORDERS {
                prop_assert_eq!(before, after);
            }
        }
    }
}
