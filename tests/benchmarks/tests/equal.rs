//! All ways that the benchmark compares read the same records.

use benchmarks::{ByHand, Framing, KeepsNewest, ThroughDoor, accounts, assert_equal_records, users};

#[test]
fn every_way_hands_over_the_same_debezium_changes() {
    assert_equal_records(&accounts(300_000, Framing::Prefix));
}

#[test]
fn every_way_hands_over_the_same_user_events() {
    assert_equal_records(&users(300_000, Framing::Prefix));
}

#[test]
fn records_whose_schema_ids_are_in_headers_are_the_same_every_way() {
    assert_equal_records(&accounts(300_000, Framing::Header));
    assert_equal_records(&users(300_000, Framing::Header));
}

#[test]
fn records_with_compressed_values_are_the_same_every_way() {
    assert_equal_records(&accounts(300_000, Framing::GlueZlib));
    assert_equal_records(&users(300_000, Framing::GlueZlib));
}

#[test]
fn the_door_keeps_the_same_items_as_a_handler_written_by_hand() {
    let workload = accounts(300_000, Framing::Prefix);
    let (door, hand) = (ThroughDoor::new(&workload), ByHand::new(&workload));
    assert_eq!(door.deliver(&workload.event), workload.records);
    assert_eq!(hand.deliver(&workload.event), workload.records);
    assert!(door.items() == hand.items(), "the items differ");
    assert_eq!(door.items().len(), workload.records);
}
