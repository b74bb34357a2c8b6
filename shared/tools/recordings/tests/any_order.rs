//! Row versions make the order of delivery irrelevant: the newest change of a row always wins.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, HashMap};

use avro_decode::{AvroRead, AvroType, Limits, Plan, Schema};
use debezium::types::Json;
use debezium::{Change, Precedence, RowVersion};
use recordings::{Expected, Recording};
use serde_json::Value;

/// No column at all: only the envelope is read.
#[derive(Debug, AvroRead)]
struct NoColumns {}

#[derive(Debug, Clone)]
struct Version {
    row: String,
    version: RowVersion,
    after: Value,
}

/// The versions of a topic's rows in the order of the recording.
fn versions<T: AvroType>(recording: &str, topic: &str, of: impl Fn(&T::Of<'_>) -> RowVersion) -> Vec<Version> {
    let recording = Recording::of_repository(recording).unwrap();
    let mut plans: HashMap<u32, Plan<T>> = HashMap::new();
    let mut versions = Vec::new();
    for record in recording.of_topic(topic) {
        let Some(frame) = record.value_frame().unwrap() else { continue };
        let plan = plans.entry(frame.schema_id).or_insert_with(|| {
            let schema = Schema::parse(&recording.schemas[&frame.schema_id].schema).unwrap();
            Plan::compile(&schema, &Limits::default()).unwrap()
        });
        let version = of(&plan.decode(&frame.datum).unwrap());
        let Expected { key, value } = record.expected();
        versions.push(Version { row: key.to_string(), version, after: value["after"].clone() });
    }
    versions
}

/// The content of a table that only takes newer versions.
fn kept(versions: &[Version]) -> BTreeMap<&str, &Value> {
    let mut kept: BTreeMap<&str, &Version> = BTreeMap::new();
    for version in versions {
        match kept.get(version.row.as_str()) {
            Some(known) if version.version.compare(&known.version) != Precedence::Newer => {}
            Some(_) | None => {
                kept.insert(&version.row, version);
            }
        }
    }
    kept.into_iter().map(|(row, version)| (row, &version.after)).collect()
}

fn assert_order_does_not_matter(versions: &[Version]) {
    let expected = kept(versions);
    let mut delivered = versions.to_vec();
    delivered.reverse();
    assert_eq!(kept(&delivered), expected, "backwards");
    // A fixed generator makes a failure reproducible.
    let mut random = 1_u64;
    for round in 0..200 {
        for last in (1..delivered.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            delivered.swap(last, usize::try_from(random >> 33).unwrap() % (last + 1));
        }
        assert_eq!(kept(&delivered), expected, "shuffle {round}");
    }
}

/// Newer and older are each other's opposite, and no three versions of a row form a cycle.
fn assert_is_an_order(versions: &[Version]) {
    let mut rows: BTreeMap<&str, Vec<RowVersion>> = BTreeMap::new();
    for version in versions {
        rows.entry(&version.row).or_default().push(version.version);
    }
    for (row, versions) in rows {
        for (a, b) in versions.iter().flat_map(|a| versions.iter().map(move |b| (a, b))) {
            let opposite = match a.compare(b) {
                Precedence::Newer => Precedence::Older,
                Precedence::Older => Precedence::Newer,
                same @ (Precedence::Same | Precedence::Incomparable) => same,
            };
            assert_eq!(b.compare(a), opposite, "{row}: {a:?} {b:?}");
            for c in &versions {
                if a.compare(b) == Precedence::Newer && b.compare(c) == Precedence::Newer {
                    assert_eq!(a.compare(c), Precedence::Newer, "{row}: {a:?} {b:?} {c:?}");
                }
            }
        }
    }
}

#[test]
fn changes_of_accounts_may_come_in_any_order() {
    let of = |change: &Change<'_, NoColumns>| change.row_version(0).unwrap();
    let versions = versions::<Change<NoColumns>>("postgres-accounts", "cdc.postgres.public.accounts", of);
    assert_is_an_order(&versions);
    assert_order_does_not_matter(&versions);
}

#[test]
fn changes_of_orders_may_come_in_any_order() {
    let of = |change: &Change<'_, NoColumns>| change.row_version(0).unwrap();
    let versions = versions::<Change<NoColumns>>("mysql-orders", "cdc.mysql.shop.orders", of);
    assert_is_an_order(&versions);
    assert_order_does_not_matter(&versions);
}

#[test]
fn changes_of_logins_may_come_in_any_order() {
    let of = |change: &Change<'_, Json<'_>>| change.row_version(0).unwrap();
    let versions = versions::<Change<Json>>("mongodb-logins", "cdc.mongodb.users.login", of);
    assert_is_an_order(&versions);
    assert_order_does_not_matter(&versions);
}
