//! Items that another version of this code wrote: the version before, and a newer one.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use debezium::{Position, Precedence, RowVersion};
use dynamodb::{
    AppendOnlyTable, Appended, Column, Columns, Entry, FORMAT, Item, Put, Removal, VersionedTable, epoch_of, number,
    text,
};
use event_runtime::{Disposition, Failure};
use local_stack::Aws;
use serde_json::{Value, json};

use crate::append_once::entry;
use crate::{LOG, ROWS, emulator, version};

/// Items of the version that wrote no format, exported from the emulator.
const FORMAT_1: &str = include_str!("../../fixtures/items-format-1.json");

async fn with_items_of_format_1(aws: &Aws) -> Value {
    let items: Value = serde_json::from_str(FORMAT_1).unwrap();
    for (table, items) in [(ROWS, &items["rows"]), (LOG, &items["entries"])] {
        for item in items.as_array().unwrap() {
            assert!(item.get("format").is_none());
            let put = json!({"TableName": table, "Item": item});
            aws.call("DynamoDB_20120810.PutItem", &put).await.unwrap();
        }
    }
    items
}

async fn row(aws: &Aws, key: &str) -> Value {
    aws.items(ROWS).await.unwrap().into_iter().find(|item| item["pk"]["S"] == key).unwrap()
}

/// The key of an item of format 1, its version, one that is older and one that is newer.
fn versions_of_format_1() -> Vec<(&'static str, [RowVersion; 3])> {
    let mongodb = |epoch, ts_ms: u64, ord, total_order| {
        [0, -1, 1].map(|by| {
            let ts_ms = ts_ms.saturating_add_signed(by * 2_000);
            RowVersion { epoch, position: Position::ChangeStream { ts_ms, ord, total_order } }
        })
    };
    let binlog = |server_id, position: u64, read| {
        [0, -1, 1].map(|by| {
            let position = position.saturating_add_signed(by);
            RowVersion { epoch: 0, position: Position::Binlog { server_id, file: 3, position, row: 1, read } }
        })
    };
    let lsn = |epoch, lsn: u64, last_commit: Option<u64>, read| {
        [0, -1, 1].map(|by| {
            let (lsn, last_commit) =
                (lsn.saturating_add_signed(by), last_commit.map(|at| at.saturating_add_signed(by)));
            RowVersion { epoch, position: Position::Lsn { lsn, last_commit, read } }
        })
    };
    vec![
        ("mongodb/streamed", mongodb(0, 1_795_422_522_977, 6, 0)),
        ("mongodb/in-transaction", mongodb(0, 1_795_422_521_024, 1, 3)),
        ("mongodb/second-turn", mongodb(0, 1_795_422_100_998, 57, 0)),
        ("mongodb/deleted", mongodb(0, 1_795_422_523_636, 3, 0)),
        ("mongodb/epoch-2", mongodb(2, 1_795_422_522_977, 6, 0)),
        ("mysql/streamed", binlog(7, 4_711, false)),
        ("mysql/snapshot", binlog(0, 4_000, true)),
        ("mysql/deleted", binlog(7, 5_000, false)),
        ("postgres/streamed", lsn(0, 26_723_240, Some(26_722_900), false)),
        ("postgres/first-transaction", lsn(0, 26_722_824, None, false)),
        ("postgres/snapshot", lsn(0, 26_722_784, None, true)),
        ("postgres/incremental", lsn(1, 26_800_000, Some(26_799_000), true)),
        ("postgres/deleted", lsn(0, 26_900_000, Some(26_890_000), false)),
    ]
}

#[tokio::test]
async fn rows_of_format_1_are_compared_updated_and_deleted() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let items = with_items_of_format_1(&aws).await;
    let all = versions_of_format_1();
    assert_eq!(items["rows"].as_array().unwrap().len(), all.len() + 1, "and the first read of a snapshot");
    for (key, [same, older, newer]) in all {
        let before = row(&aws, key).await;
        assert_eq!(table.put_if_newer(key, Item::new(), &same).await.unwrap(), Put::Same, "{key}");
        assert_eq!(table.put_if_newer(key, Item::new(), &older).await.unwrap(), Put::Older, "{key}");
        assert_eq!(row(&aws, key).await, before, "{key}");
        let tombstone = Item::from([("expires_at".to_owned(), number(4_000_000_000_u64))]);
        assert_eq!(table.put_if_newer(key, tombstone, &newer).await.unwrap(), Put::Applied, "{key}");
        let after = row(&aws, key).await;
        let mut attributes: Vec<_> = after.as_object().unwrap().keys().map(String::as_str).collect();
        attributes.retain(|attribute| *attribute != "version_commit");
        assert_eq!(attributes, ["expires_at", "format", "pk", "version", "version_log", "write"], "{key}");
        assert_eq!(after["format"]["N"], FORMAT.to_string());
    }
    let streamed = RowVersion { epoch: 0, ..version(1_795_422_521_024) };
    assert_eq!(table.put_if_newer("mongodb/snapshot", Item::new(), &streamed).await.unwrap(), Put::Applied);
}

#[tokio::test]
async fn a_column_of_a_row_of_format_1_may_stay_unchanged() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    with_items_of_format_1(&aws).await;
    let at = |lsn| RowVersion { epoch: 0, position: Position::Lsn { lsn, last_commit: Some(lsn - 1), read: false } };
    let columns = |bio: Column| Columns::new().with("email", text("new@example.org")).with("bio", bio);
    let key = "postgres/streamed";
    assert_eq!(table.put_if_newer(key, columns(Column::Unchanged), &at(26_723_300)).await.unwrap(), Put::Applied);
    let item = row(&aws, key).await;
    assert_eq!((&item["email"]["S"], &item["bio"]["S"]), (&"new@example.org".into(), &"a long text".into()));
    assert_eq!(item["full_name"]["S"], "Ada King", "a column that is not in this change");
    // A late change between the two has a newer value.
    let late = columns(Column::Is(text("between")));
    assert_eq!(table.put_if_newer(key, late, &at(26_723_260)).await.unwrap(), Put::Applied);
    assert_eq!(row(&aws, key).await["bio"]["S"], "between");
    let late = columns(Column::Is(text("before")));
    assert_eq!(table.put_if_newer(key, late, &at(26_723_100)).await.unwrap(), Put::Older);
}

#[tokio::test]
async fn entries_of_format_1_keep_their_ids() {
    let (aws, _proxy, client) = emulator().await;
    let log = AppendOnlyTable::new(client, LOG);
    let items = with_items_of_format_1(&aws).await;
    for id in ["e-1", "e-2"] {
        let holder = items["entries"].as_array().unwrap().iter().find(|item| item["pk"]["S"] == format!("id#{id}"));
        let content = holder.unwrap()["content"]["S"].as_str().unwrap();
        let again = Entry { id: id.to_owned(), ..entry(id, "2026", content) };
        assert_eq!(log.append_once(again.clone()).await.unwrap(), Appended::Before);
        let other = Entry { content: "other".to_owned(), ..again };
        assert_eq!(log.append_once(other).await.unwrap_err().code(), "event_conflict");
    }
    assert_eq!(aws.items(LOG).await.unwrap().len(), 4);
    assert_eq!(log.append_once(entry("e-3", "2026", "new")).await.unwrap(), Appended::Now);
    let formats = aws.items(LOG).await.unwrap().into_iter().filter(|item| item.get("format").is_some()).count();
    assert_eq!(formats, 2, "the new entry and its id");
}

#[tokio::test]
async fn an_item_of_an_unknown_format_is_left_alone() {
    let (aws, _proxy, client) = emulator().await;
    let (table, log) = (VersionedTable::new(client.clone(), ROWS), AppendOnlyTable::new(client, LOG));
    table.put_if_newer("row", Item::new(), &version(1)).await.unwrap();
    log.append_once(entry("e1", "2026", "hello")).await.unwrap();
    let newer = (FORMAT + 1).to_string();
    for table in [ROWS, LOG] {
        for mut item in aws.items(table).await.unwrap() {
            item["format"]["N"] = newer.as_str().into();
            aws.call("DynamoDB_20120810.PutItem", &json!({"TableName": table, "Item": item})).await.unwrap();
        }
    }
    let before = (aws.items(ROWS).await.unwrap(), aws.items(LOG).await.unwrap());
    let unchanged = Columns::new().with("bio", Column::Unchanged);
    let errors = [
        table.put_if_newer("row", Item::new(), &version(2)).await.unwrap_err(),
        table.put_if_newer("row", Item::new(), &version(0)).await.unwrap_err(),
        table.put_if_newer("row", unchanged, &RowVersion { epoch: 1, ..version(2) }).await.unwrap_err(),
        table.remove_of_older_epoch("row", 7).await.unwrap_err(),
        log.append_once(entry("e1", "2026", "hello")).await.unwrap_err(),
        log.append_once(entry("e1", "2026", "bye")).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.code(), error.disposition()), ("item_format_unknown", Disposition::Retry { after: None }));
        assert!(error.to_string().contains(&format!("format {newer}")), "{error}");
    }
    assert_eq!((aws.items(ROWS).await.unwrap(), aws.items(LOG).await.unwrap()), before);
}

#[tokio::test]
async fn only_rows_of_an_older_epoch_are_removed() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client.clone(), ROWS);
    with_items_of_format_1(&aws).await;
    for (key, epoch, expected) in [
        ("mongodb/streamed", 0, Removal::Rewritten),
        ("mongodb/streamed", 1, Removal::Removed),
        ("mongodb/streamed", 1, Removal::Gone),
        ("mongodb/epoch-2", 2, Removal::Rewritten),
        ("mongodb/epoch-2", 10, Removal::Removed),
        ("postgres/incremental", 1, Removal::Rewritten),
    ] {
        assert_eq!(table.remove_of_older_epoch(key, epoch).await.unwrap(), expected, "{key} before {epoch}");
    }
    client.put_item().table_name(ROWS).item("pk", text("foreign")).send().await.unwrap();
    assert_eq!(table.remove_of_older_epoch("foreign", 9).await.unwrap_err().code(), "item_foreign");
    let item = client.get_item().table_name(ROWS).key("pk", text("mongodb/epoch-2")).send().await.unwrap().item;
    assert!(item.as_ref().and_then(epoch_of).is_none());
}

/// The put of the version before, as it was: neither the item nor the condition has a format.
async fn put_by_the_version_before(client: &Client, key: &str, item: Item, version: &RowVersion) -> bool {
    let digits = |parts: &[u64]| parts.iter().map(|part| format!("{part:020}")).collect::<Vec<_>>().join(".");
    let epoch = version.epoch;
    let (log, order, commit) = match version.position {
        Position::ChangeStream { ts_ms, ord, total_order } => {
            ("mongodb".to_owned(), digits(&[epoch, ts_ms, ord, total_order]), None)
        }
        Position::Binlog { server_id, file, position, row, read } => {
            let log = if read { "binlog/read".to_owned() } else { format!("binlog/{server_id}") };
            (log, digits(&[epoch, file, position, u64::from(!read), row]), None)
        }
        Position::Lsn { lsn, last_commit, read } => {
            let log = if read { "lsn/read" } else { "lsn" };
            (log.to_owned(), digits(&[epoch, lsn]), last_commit.map(|commit| digits(&[commit])))
        }
    };
    let mut item = item;
    item.insert("pk".to_owned(), text(key));
    item.insert("write".to_owned(), text("0000"));
    item.insert("version".to_owned(), text(&order));
    item.insert("version_log".to_owned(), text(&log));
    if let Some(commit) = commit {
        item.insert("version_commit".to_owned(), text(commit));
    }
    let mut values = vec![(":version", order)];
    let mut names = vec![("#key", "pk"), ("#version", "version"), ("#log", "version_log")];
    let older = match version.position {
        Position::ChangeStream { .. } => {
            values.push((":log", log));
            "#log = :log AND #version < :version"
        }
        Position::Binlog { read: false, .. } => {
            values.extend([(":log", log), (":read", "binlog/read".to_owned())]);
            "#log IN (:log, :read) AND #version < :version"
        }
        Position::Binlog { read: true, .. } => {
            values.push((":log", "binlog/".to_owned()));
            "begins_with(#log, :log) AND #version < :version"
        }
        Position::Lsn { last_commit, read: false, .. } => {
            values.extend([(":log", log), (":read", "lsn/read".to_owned())]);
            match last_commit {
                None => "(#log = :log AND #version < :version) OR #log = :read",
                Some(commit) => {
                    names.push(("#commit", "version_commit"));
                    values.push((":commit", format!("{commit:020}")));
                    values.push((":reads_lsn", format!("{:020}.{commit:020}", version.epoch)));
                    "(#log = :log AND #version < :version) OR (#log = :read AND (#commit <= :commit \
                     OR (attribute_not_exists(#commit) AND #version <= :reads_lsn)))"
                }
            }
        }
        Position::Lsn { lsn, last_commit, read: true } => {
            names.push(("#commit", "version_commit"));
            let before = last_commit.unwrap_or(lsn);
            values.extend([(":log", log), (":streamed", "lsn".to_owned()), (":before", format!("{before:020}"))]);
            "(#log = :log AND #version < :version) OR (#log = :streamed AND #commit < :before)"
        }
    };
    values.push((":epoch", format!("{:020}", version.epoch)));
    let condition =
        format!("attribute_not_exists(#key) OR #version < :epoch OR (begins_with(#version, :epoch) AND ({older}))");
    let names: HashMap<_, _> = names.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let values: HashMap<_, AttributeValue> =
        values.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    let put = client.put_item().table_name(ROWS).set_item(Some(item)).condition_expression(condition);
    let put = put.set_expression_attribute_names(Some(names)).set_expression_attribute_values(Some(values));
    match put.send().await {
        Ok(_) => true,
        Err(error) => {
            let refused = error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception());
            assert!(refused, "{error:?}");
            false
        }
    }
}

#[tokio::test]
async fn both_versions_compare_each_others_rows_alike() {
    let (_aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client.clone(), ROWS);
    let of = |database: &'static str| {
        let versions = versions_of_format_1().into_iter().filter(move |(key, _)| key.starts_with(database));
        versions.flat_map(|(_, versions)| versions).collect::<Vec<_>>()
    };
    let mut pairs = 0;
    for versions in ["mongodb", "mysql", "postgres"].map(of) {
        for (there, new) in versions.iter().flat_map(|there| versions.iter().map(move |new| (there, new))) {
            pairs += 1;
            let newer = new.compare(there) == Precedence::Newer;
            let [rolled_back, upgraded] = ["back", "up"].map(|way| format!("{way}-{pairs}"));
            table.put_if_newer(&rolled_back, Item::new(), there).await.unwrap();
            let by_old = put_by_the_version_before(&client, &rolled_back, Item::new(), new).await;
            assert_eq!(by_old, newer, "{new:?} over {there:?}");
            assert!(put_by_the_version_before(&client, &upgraded, Item::new(), there).await);
            let by_new = table.put_if_newer(&upgraded, Item::new(), new).await.unwrap();
            assert_eq!(by_new == Put::Applied, newer, "{new:?} over {there:?}");
        }
    }
    assert!(pairs > 400);
}

#[tokio::test]
async fn both_versions_may_write_the_same_row() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client.clone(), ROWS);
    let at = |lsn| RowVersion { epoch: 0, position: Position::Lsn { lsn, last_commit: Some(lsn - 1), read: false } };
    let columns = |bio: Column| Columns::new().with("email", text("a@example.org")).with("bio", bio);
    table.put_if_newer("row", columns(Column::Is(text("one"))), &at(10)).await.unwrap();
    table.put_if_newer("row", columns(Column::Unchanged), &at(20)).await.unwrap();
    let whole = Item::from([("bio".to_owned(), text("two"))]);
    assert!(!put_by_the_version_before(&client, "row", whole.clone(), &at(15)).await);
    assert!(put_by_the_version_before(&client, "row", whole, &at(30)).await);
    table.put_if_newer("row", columns(Column::Unchanged), &at(40)).await.unwrap();
    let item = row(&aws, "row").await;
    assert_eq!((&item["bio"]["S"], &item["email"]["S"]), (&"two".into(), &"a@example.org".into()));
}
