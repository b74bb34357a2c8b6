//! Each recorded record decodes to what an independent implementation made of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::path::Path;

use schema_tools::{Decoder, differences};

#[test]
fn every_record_of_the_postgres_accounts_is_as_expected() {
    check("postgres-accounts", 359);
}

#[test]
fn every_record_of_the_mysql_orders_is_as_expected() {
    check("mysql-orders", 242);
}

#[test]
fn every_record_of_the_mongodb_logins_is_as_expected() {
    check("mongodb-logins", 142);
}

fn check(folder: &str, records: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded").join(folder);
    let mut count = 0;
    for record in Decoder::open(&path).unwrap().records() {
        let rendered = record.rendered.unwrap_or_else(|e| panic!("{folder} line {}: {e}", record.line));
        let found = differences(&rendered, &record.expected.unwrap().to_json(), 3);
        assert!(found.is_empty(), "{folder} line {}: {found:?}", record.line);
        count += 1;
    }
    assert_eq!(count, records);
}
