//! An environment's names: each declared topic has one of its own, and leads back to it.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use topic_names::{EnvironmentNames, EnvironmentNamesError, alike_in_metrics};

fn names(prefix: &str, topics: &[(&str, &str)]) -> Result<EnvironmentNames, EnvironmentNamesError> {
    EnvironmentNames::new(prefix, topics.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())))
}

#[test]
fn without_a_file_a_topic_is_called_as_it_is_declared() {
    let names = EnvironmentNames::default();
    for name in ["support.ticket.closed", "__debezium-heartbeat.cdc.postgres"] {
        assert_eq!(names.in_cluster(name), name);
        assert_eq!(names.declared(name).as_deref(), Some(name));
    }
    assert!(names.problems(["support.ticket.closed", "support.ticket.opened"]).is_empty());
}

#[test]
fn a_prefix_belongs_to_the_connectors_own() {
    let names = names("staging.", &[]).unwrap();
    assert_eq!(names.in_cluster("cdc.mysql.schema-history"), "staging.cdc.mysql.schema-history");
    let beats = names.in_cluster("__debezium-heartbeat.cdc.mysql");
    assert_eq!(beats, "__debezium-heartbeat.staging.cdc.mysql");
    assert_eq!(names.declared(&beats).as_deref(), Some("__debezium-heartbeat.cdc.mysql"));
    for others in ["support.ticket.closed", "__debezium-heartbeat.cdc.mysql", "staging.", ""] {
        assert_eq!(names.declared(others), None, "{others}");
    }
}

#[test]
fn a_name_that_its_topic_left_belongs_to_nobody() {
    let names = names("", &[("support.ticket.closed", "legacy.tickets")]).unwrap();
    assert_eq!(names.declared("support.ticket.closed"), None);
    assert_eq!(names.declared("legacy.tickets").as_deref(), Some("support.ticket.closed"));
}

#[test]
fn names_that_kafka_cannot_keep_apart_are_refused() {
    use EnvironmentNamesError::{Alike, NotKafkas, Prefix, Taken, Undeclared};
    for prefix in ["_staging.", "__debezium-heartbeat.", "stag ing.", &"p".repeat(250)] {
        assert_eq!(names(prefix, &[]), Err(Prefix(prefix.into())));
    }
    let long = "n".repeat(250);
    for name in ["", ".", "..", "a/b", "\u{e9}", &long] {
        assert!(matches!(names("", &[("a.b.c", name)]), Err(NotKafkas { .. })), "{name}");
    }
    assert!(matches!(names("", &[("a.b.c", "x"), ("a.b.d", "x")]), Err(Taken { .. })));

    let problems = |names: &EnvironmentNames, declared: &[&str]| names.problems(declared.iter().copied());
    let own = names("staging.", &[("a.b.c", "staging.a.b.d")]).unwrap();
    assert!(matches!(&problems(&own, &["a.b.c", "a.b.d"])[..], [Taken { .. }]));
    assert_eq!(problems(&own, &["a.b.d"]), [Undeclared("a.b.c".into())]);
    let alike = problems(&EnvironmentNames::default(), &["cdc.mysql.shop_a.b", "cdc.mysql.shop.a_b"]);
    assert!(matches!(&alike[..], [Alike { .. }]), "{alike:?}");
    assert!(alike_in_metrics("a.b", "a_b") && !alike_in_metrics("a.b", "a.b") && !alike_in_metrics("a.b", "a-b"));
    let too_long = problems(&names("staging.", &[]).unwrap(), &[&"n".repeat(245)]);
    assert!(matches!(&too_long[..], [NotKafkas { .. }]), "{too_long:?}");
    assert!(problems(&own, &["a.b.c", "a.b.c"]).is_empty(), "a topic is named twice, and is one");
}

fn name() -> impl Strategy<Value = String> {
    "(__debezium-heartbeat\\.)?(s\\.|_)?[ab]([._][ab]){0,3}"
}

proptest! {
    /// Names are few here, so that topics often meet under one.
    #[test]
    fn where_nothing_is_wrong_names_lead_back(
        prefix in "(s\\.|a|a\\.|b_)?",
        own in proptest::collection::btree_map(name(), name(), 0..3),
        declared in proptest::collection::btree_set(name(), 1..6),
        others in proptest::collection::vec(name(), 0..6),
    ) {
        let Ok(names) = EnvironmentNames::new(&prefix, own) else { return Ok(()) };
        for other in &others {
            if let Some(declared) = names.declared(other) {
                prop_assert_eq!(&names.in_cluster(&declared), other);
            }
        }
        let problems = names.problems(declared.iter().map(String::as_str));
        let in_cluster: Vec<_> = declared.iter().map(|name| names.in_cluster(name)).collect();
        let metrics: BTreeSet<_> = in_cluster.iter().map(|name| name.replace('.', "_")).collect();
        let wrong = |error: &EnvironmentNamesError| !matches!(error, EnvironmentNamesError::Undeclared(_));
        prop_assert_eq!(metrics.len() < declared.len(), problems.iter().any(wrong), "{:?}", problems);
        if problems.is_empty() {
            for (declared, in_cluster) in declared.iter().zip(&in_cluster) {
                prop_assert_eq!(names.declared(in_cluster), Some(declared.clone()));
            }
        }
    }
}
