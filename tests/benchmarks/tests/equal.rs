//! All ways that the benchmark compares read the same records.

use benchmarks::{accounts, assert_equal_records, users};

#[test]
fn every_way_hands_over_the_same_debezium_changes() {
    assert_equal_records(&accounts(300_000));
}

#[test]
fn every_way_hands_over_the_same_user_events() {
    assert_equal_records(&users(300_000));
}
