//! The function in the real processor, with its table in memory: fast enough for many random deliveries.
//! `tests/conformance` shows that the table in DynamoDB behaves like this one.

use std::collections::BTreeMap;

use event_functions::testing::{Harness, Outcome};
use fastrand::Rng;
use local_stack::{EventRecord, Origin, event};
use proptest::prelude::*;
use serde_json::Value;

use crate::{Login, deliveries, final_state, recording, records};

/// The logins of the table in memory, tombstones aside.
fn state(test: &Harness) -> BTreeMap<String, Login> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let login = |item: &Value| {
        let at = text(&item["at"]).map(|at| at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        (text(&item["user"]), at, text(&item["ip"]), text(&item["user_agent"]))
    };
    let items = test.items("logins");
    let logins = items.iter().filter(|item| item.get("deleted_at").is_none());
    logins.map(|item| (text(&item["pk"]).unwrap(), login(item))).collect()
}

/// Delivers the records in batches of random size and returns the final state.
fn deliver(records: &[EventRecord], random: &mut Rng) -> BTreeMap<String, Login> {
    let test = cache_user_login::function().test(&[("LOGINS_TABLE", "logins"), ("KEYS_IN_FLIGHT", "8")]);
    for (id, schema) in recording().schemas {
        test.schema(id, &schema.schema);
    }
    let mut left = records;
    while !left.is_empty() {
        let (batch, rest) = left.split_at(random.usize(1..=left.len().min(100)));
        let delivered = test.deliver_bytes(&event(Origin::Msk, batch));
        let unfinished = delivered.0.keys().find(|outcome| matches!(outcome, Outcome::Unfinished(_)));
        assert_eq!(unfinished, None);
        left = rest;
    }
    assert!(test.letters().is_empty());
    state(&test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_final_state_does_not_depend_on_the_order_of_delivery(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let records = deliveries::shuffled(&records(), &mut random);
        let records = deliveries::duplicated(&records, &mut random);
        let records = deliveries::with_late_changes(&records, &mut random);
        prop_assert_eq!(deliver(&records, &mut random), final_state());
    }
}
