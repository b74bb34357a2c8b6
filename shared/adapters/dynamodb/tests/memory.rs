//! Tables in memory keep the contract that DynamoDB keeps, and fail when they are told to.
#![allow(missing_docs, reason = "a test")]

use debezium::{Position, RowVersion};
use dynamodb::testing::{MemoryTables, append_contract, rows_contract};
use dynamodb::writes::WriteFailure;
use dynamodb::{Columns, Put, VersionedTable, text};
use event_runtime::Failure;

fn version(lsn: u64) -> RowVersion {
    RowVersion { epoch: 0, position: Position::Lsn { lsn, last_commit: None, read: false } }
}

fn row() -> Columns {
    Columns::new().with("email", text("ada@example.org"))
}

#[tokio::test]
async fn rows_in_memory_keep_the_contract() {
    rows_contract(&MemoryTables::default(), "rows").await;
}

#[tokio::test]
async fn entries_in_memory_keep_the_contract() {
    append_contract(&MemoryTables::default(), "log").await;
}

#[tokio::test]
async fn the_next_writes_fail_as_told_and_write_nothing() {
    let tables = MemoryTables::default();
    let table = VersionedTable::in_memory(&tables, "rows");
    tables.fail_next(WriteFailure::Throttled, 2);
    tables.fail_next(WriteFailure::Denied, 1);
    for code in ["table_throttled", "table_throttled", "table_denied"] {
        assert_eq!(table.put_if_newer("1", row(), &version(1)).await.unwrap_err().code(), code);
    }
    assert_eq!(tables.items("rows"), []);
    assert_eq!(table.put_if_newer("1", row(), &version(1)).await.unwrap(), Put::Applied);
}

#[tokio::test]
async fn clones_share_their_tables_and_tables_do_not() {
    let tables = MemoryTables::default();
    let table = VersionedTable::in_memory(&tables.clone(), "rows");
    table.put_if_newer("1", row(), &version(1)).await.unwrap();
    let stored = tables.item("rows", "1").unwrap();
    assert_eq!(stored["email"], text("ada@example.org"));
    assert_eq!((tables.item("rows", "2"), tables.items("others")), (None, Vec::new()));
}
