//! Rules of an organisation: patterns beside ours or in their place, and what they refuse.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use topic_names::{
    Helper, Holds, Letters, NamingRules, PatternProblem, RulesError, TopicKind, TopicName, TopicProblem,
};

const LEGACY: [(Holds, &str); 6] = [
    (Holds::Events, "<company>.<domain>.<entity>.<event>"),
    (Holds::Changes, "dbserver1.<container>.<table>"),
    (Holds::Changes, "<system>.dbo.<container>.<table>"),
    (Holds::Helper(Helper::SchemaChanges), "dbserver1"),
    (Holds::Helper(Helper::Transaction), "dbserver1.transaction"),
    (Holds::Helper(Helper::Heartbeat), "__debezium-heartbeat.dbserver1"),
];

fn legacy(letters: Letters) -> NamingRules {
    NamingRules::new(LEGACY, letters).unwrap()
}

#[test]
fn an_organisation_keeps_debeziums_own_names() {
    let rules = legacy(Letters::default());
    let kind =
        |name: &str| TopicName::by(&rules, name).map(|topic| (format!("{:?}", topic.kind()), topic.connector_prefix()));
    let expected = |kind: TopicKind<'_>, prefix: Option<&str>| Ok((format!("{kind:?}"), prefix.map(str::to_owned)));
    let change = TopicKind::Change { system: "dbserver1", container: "inventory", table: "orders" };
    assert_eq!(kind("dbserver1.inventory.orders"), expected(change, Some("dbserver1")));
    let change = TopicKind::Change { system: "sales", container: "shop", table: "line_items" };
    assert_eq!(kind("sales.dbo.shop.line_items"), expected(change, Some("sales.dbo")));
    let event = TopicKind::DomainEvent { domain: "support", entity: "ticket", event: "closed" };
    assert_eq!(kind("acme.support.ticket.closed"), expected(event, None));
    for (name, helper) in [
        ("dbserver1", Helper::SchemaChanges),
        ("dbserver1.transaction", Helper::Transaction),
        ("__debezium-heartbeat.dbserver1", Helper::Heartbeat),
    ] {
        let helper = TopicKind::Helper { system: "dbserver1", helper };
        assert_eq!(kind(name), expected(helper, Some("dbserver1")));
    }
}

#[test]
fn what_no_pattern_fits_is_refused_with_all_of_them() {
    let rules = legacy(Letters::default());
    let problem = |name: &str| TopicName::by(&rules, name).unwrap_err();
    for name in ["support.ticket.closed", "cdc.postgres.public", "dbserver1.a.b.c", "orders"] {
        let error = problem(name);
        assert!(matches!(error.problem, TopicProblem::NoPattern(_)), "{error}");
        assert!(error.to_string().contains("`dbserver1.<container>.<table>`"), "{error}");
    }
    assert_eq!(
        problem("dbserver1.inventory.Orders").problem,
        TopicProblem::Capital { segment: 3, character: 'O', database: true }
    );
    assert_eq!(problem("acme.sup_port.ticket.closed").problem, TopicProblem::Underscore(2));
    let loose = legacy(Letters { capitals: true, underscores: true });
    for name in ["dbserver1.inventory.Orders", "acme.Sup_port.ticket.closed"] {
        assert!(TopicName::by(&loose, name).is_ok(), "{name}");
        assert!(name.parse::<TopicName>().is_err(), "our own rules stay as strict");
    }
}

/// Up to Kafka's limit, and for the name that stands in until problems are reported.
#[test]
fn the_longest_name_has_all_its_parts() {
    let table = "t".repeat(249 - "cdc.postgres.public.".len());
    let topic = TopicName::change("postgres", "public", &table).unwrap();
    assert_eq!(topic.as_str().len(), 249);
    assert_eq!(topic.kind(), TopicKind::Change { system: "postgres", container: "public", table: &table });
    let kind = TopicKind::DomainEvent { domain: "domain", entity: "entity", event: "event" };
    assert_eq!(TopicName::stand_in().kind(), kind);
}

/// Names of two rules are one topic, whatever the rules make of them.
#[test]
fn names_are_equal_by_their_text() {
    let rules = NamingRules::new([(Holds::Changes, "support.<container>.<table>")], Letters::default()).unwrap();
    let (theirs, ours) =
        (TopicName::by(&rules, "support.ticket.closed").unwrap(), "support.ticket.closed".parse().unwrap());
    assert_eq!(theirs, ours);
    assert_ne!(theirs.kind(), ours.kind());
}

#[test]
fn patterns_that_cannot_be_used_are_refused_with_the_reason() {
    let refused = |holds, text: &str| match NamingRules::new([(holds, text)], Letters::default()) {
        Err(RulesError::Pattern { problem, .. }) => problem,
        other => panic!("{text}: {other:?}"),
    };
    for (holds, text, expected) in [
        (Holds::Events, "<domain>..<event>", PatternProblem::Segment(2)),
        (Holds::Events, "<domain>.<>.<event>", PatternProblem::Segment(2)),
        (Holds::Events, "<domain>.a/b.<event>", PatternProblem::Segment(2)),
        (Holds::Events, "<domain>.<event>", PatternProblem::Missing("entity")),
        (Holds::Changes, "db.<table>", PatternProblem::Missing("container")),
        (Holds::Changes, "db.<container>.<table>.<event>", PatternProblem::Misplaced("event")),
        (Holds::Changes, "db.<container>.<table>.<table>", PatternProblem::Misplaced("table")),
        (Holds::Changes, "<container>.<table>", PatternProblem::NoPrefix),
        (Holds::Helper(Helper::Transaction), "transaction", PatternProblem::NoPrefix),
        (Holds::Helper(Helper::Heartbeat), "heartbeat", PatternProblem::NoPrefix),
    ] {
        assert_eq!(refused(holds, text), expected, "{text}");
    }
    assert_eq!(NamingRules::new([], Letters::default()), Err(RulesError::Empty));
    let twice = [(Holds::Events, "<domain>.<entity>.<event>"), (Holds::Changes, "<system>.<container>.<table>")];
    assert!(matches!(NamingRules::new(twice, Letters::default()), Err(RulesError::Ambiguous(..))));
}

/// A word that begins a pattern is not a domain, and the pattern with more words decides.
#[test]
fn words_are_stronger_than_placeholders() {
    let patterns = [
        (Holds::Events, "<domain>.<entity>.<event>"),
        (Holds::Changes, "db.<container>.<table>"),
        (Holds::Helper(Helper::Message), "db.<system>.message"),
    ];
    let rules = NamingRules::new(patterns, Letters::default()).unwrap();
    let kind = |name: &str| format!("{:?}", TopicName::by(&rules, name).unwrap().kind());
    assert!(kind("db.a.b").starts_with("Change"));
    assert!(kind("db.a.message").starts_with("Helper"));
    assert!(kind("dba.a.message").starts_with("DomainEvent"));
    let rules =
        NamingRules::new([patterns[0], (Holds::Changes, "db.<container>.<table>.x")], Letters::default()).unwrap();
    assert!(TopicName::by(&rules, "db.a.b").is_err(), "`db` is not a domain");
}
