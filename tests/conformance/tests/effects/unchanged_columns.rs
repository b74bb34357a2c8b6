//! Columns that a change left unchanged, and whose values it does not contain.

use std::collections::HashMap;

use avro_decode::{AvroRead, Limits, Plan, Schema};
use debezium::types::Toasted;
use debezium::{Change, Position, RowVersion};
use dynamodb::{Column, Columns, IntoColumn, Item, Put, VersionedTable, number, text};
use fastrand::Rng;
use local_stack::{Action, Failpoint, Table, When};
use recordings::{Recording, folder_of};
use serde_json::Value;

use crate::{ROWS, emulator};

fn at(lsn: u64) -> RowVersion {
    RowVersion { epoch: 0, position: Position::Lsn { lsn, last_commit: Some(lsn - 1), read: false } }
}

fn account(email: &str, bio: impl IntoColumn) -> Columns {
    Columns::new().with("email", text(email)).with("phone", Column::Null).with("bio", bio)
}

fn tombstone() -> Columns {
    Item::from([("expires_at".to_owned(), number(4_000_000_000_u64))]).into()
}

#[tokio::test]
async fn an_unchanged_column_stays_and_takes_one_request() {
    let (aws, proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let columns = account("ada@example.org", text("long")).with("phone", text("555-0100"));
    assert_eq!(table.put_if_newer("row", columns, &at(10)).await.unwrap(), Put::Applied);
    let put = table.put_if_newer("row", account("ada@example.net", Column::Unchanged), &at(20)).await;
    assert_eq!(put.unwrap(), Put::Applied);
    assert_eq!((proxy.calls("PutItem"), proxy.calls("UpdateItem"), proxy.calls("GetItem")), (1, 1, 0));
    let items = aws.items(ROWS).await.unwrap();
    assert_eq!((&items[0]["email"]["S"], &items[0]["bio"]["S"]), (&"ada@example.net".into(), &"long".into()));
    assert!(items[0].get("phone").is_none(), "{}", items[0]);
    for (lsn, expected) in [(20, Put::Same), (15, Put::Older)] {
        let put = table.put_if_newer("row", account("late@example.net", Column::Unchanged), &at(lsn)).await;
        assert_eq!(put.unwrap(), expected);
    }
    assert_eq!(aws.items(ROWS).await.unwrap(), items);
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_applied_once() {
    let (aws, proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    table.put_if_newer("row", account("ada@example.org", text("long")), &at(10)).await.unwrap();
    let lost = proxy.arm(Failpoint::new("answer-lost", "UpdateItem", When::After, Action::Drop).times(1));
    let put = table.put_if_newer("row", account("ada@example.net", Column::Unchanged), &at(20)).await;
    assert_eq!(put.unwrap(), Put::Applied);
    assert_eq!((lost.hits(), proxy.calls("UpdateItem")), (1, 2));
    assert_eq!(aws.items(ROWS).await.unwrap()[0]["bio"]["S"], "long");
}

#[tokio::test]
async fn a_row_of_two_hundred_and_fifty_columns_can_be_updated() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let wide = |bio: Column, value: &str| {
        (0..250).fold(Columns::new().with("bio", bio), |columns, number| {
            columns.with(format!("column_{number}"), text(value))
        })
    };
    table.put_if_newer("row", wide(Column::Is(text("long")), "old"), &at(10)).await.unwrap();
    let put = table.put_if_newer("row", wide(Column::Unchanged, "new"), &at(20)).await;
    assert_eq!(put.unwrap(), Put::Applied);
    let row = &aws.items(ROWS).await.unwrap()[0];
    assert_eq!((&row["bio"]["S"], &row["column_249"]["S"]), (&"long".into(), &"new".into()));
}

#[tokio::test]
async fn in_any_order_of_changes_the_row_ends_the_same() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let changes = [
        (10, account("1", text("first"))),
        (20, account("2", Column::Unchanged)),
        (30, account("3", text("second"))),
        (40, tombstone()),
        (50, account("5", text("third"))),
        (60, account("6", Column::Unchanged)),
        (70, account("7", Column::Unchanged)),
    ];
    let mut random = Rng::with_seed(7);
    for round in 0..30 {
        let key = format!("row-{round}");
        let mut order: Vec<_> = changes.iter().chain(&changes[..random.usize(..changes.len())]).collect();
        random.shuffle(&mut order);
        for (lsn, columns) in order {
            table.put_if_newer(&key, columns.clone(), &at(*lsn)).await.unwrap();
        }
    }
    let items = aws.items(ROWS).await.unwrap();
    assert_eq!(items.len(), 30);
    for row in items {
        assert_eq!((&row["email"]["S"], &row["bio"]["S"]), (&"7".into(), &"third".into()), "{row}");
        assert!(row.get("expires_at").is_none(), "{row}");
    }
}

#[tokio::test]
async fn of_many_writers_at_once_none_loses_the_value_of_another() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let mut puts = tokio::task::JoinSet::new();
    for lsn in 1..=30_u64 {
        let table = table.clone();
        puts.spawn(async move {
            // Every fifth change contains the column.
            let bio = if lsn % 5 == 0 { Column::Is(text(format!("of {lsn}"))) } else { Column::Unchanged };
            loop {
                match table.put_if_newer("row", account(&lsn.to_string(), bio.clone()), &at(lsn + 1)).await {
                    Ok(_) => return,
                    // Others were faster each time; the runtime tries again as well.
                    Err(error) => assert_eq!(event_runtime::Failure::code(&error), "table_contended"),
                }
            }
        });
    }
    puts.join_all().await;
    let row = &aws.items(ROWS).await.unwrap()[0];
    assert_eq!((&row["email"]["S"], &row["bio"]["S"]), (&"30".into(), &"of 30".into()), "{row}");
}

#[derive(Debug, AvroRead)]
struct Account<'a> {
    email: &'a str,
    bio: Option<Toasted<'a>>,
}

/// The recorded changes of accounts, some of which do not touch the long `bio`: key, columns, version.
fn recorded() -> (Vec<(String, Columns, RowVersion)>, Value) {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    let mut plans: HashMap<u32, Plan<Change<Account>>> = HashMap::new();
    let mut changes = Vec::new();
    for record in recording.of_topic("cdc.postgres.public.accounts") {
        let Some(frame) = record.value_frame().unwrap() else { continue };
        let plan = plans.entry(frame.schema_id).or_insert_with(|| {
            let schema = Schema::parse(&recording.schemas[&frame.schema_id].schema).unwrap();
            Plan::compile(&schema, &Limits::default()).unwrap()
        });
        let change = plan.decode(&frame.datum).unwrap();
        let columns = change.after().map_or_else(tombstone, |account| {
            Columns::new().with("email", text(account.email)).with("bio", account.bio)
        });
        let key = record.expected().key["id"].as_str().unwrap().to_owned();
        changes.push((key, columns, change.row_version(0).unwrap()));
    }
    let at_the_end = std::fs::read(folder_of("postgres-accounts").join("final_state.json")).unwrap();
    (changes, serde_json::from_slice(&at_the_end).unwrap())
}

#[tokio::test]
async fn recorded_accounts_in_any_order_end_as_their_table() {
    let (aws, proxy, client) = emulator().await;
    let (changes, at_the_end) = recorded();
    let mut random = Rng::with_seed(11);
    for round in 0..3 {
        let name = format!("accounts-{round}");
        aws.create_table(Table::named(&name)).await.unwrap();
        let table = VersionedTable::new(client.clone(), &name);
        let mut order: Vec<_> = changes.iter().collect();
        if round > 0 {
            random.shuffle(&mut order);
        }
        for (key, columns, version) in order {
            table.put_if_newer(key, columns.clone(), version).await.unwrap();
        }
        let items = aws.items(&name).await.unwrap();
        let rows: Vec<_> = items.iter().filter(|item| item.get("expires_at").is_none()).collect();
        assert_eq!(rows.len(), at_the_end.as_object().unwrap().len());
        for row in rows {
            let account = &at_the_end[row["pk"]["S"].as_str().unwrap()];
            assert_eq!((&row["email"]["S"], &row["bio"]["S"]), (&account["email"], &account["bio"]), "{row}");
        }
    }
    assert!(proxy.calls("UpdateItem") > 0, "the recording has updates with an unchanged column");
}
