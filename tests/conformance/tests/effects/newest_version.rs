//! Newest version wins: DynamoDB's condition agrees with the comparison of versions.

use std::mem::discriminant;

use debezium::{Position, Precedence, RowVersion};
use dynamodb::{Item, Put, VersionedTable, text};
use event_runtime::{Disposition, Failure};
use local_stack::{Action, Failpoint, When};

use crate::{ROWS, emulator, version};

/// Positions to compare: equal ones, ones that differ in one part only, and ones of other logs.
fn positions() -> Vec<Position> {
    let mut positions = Vec::new();
    for (a, b) in [(0, 2), (1, 9), (1, 10), (1_795_422_518_410, 1)] {
        positions.push(Position::ChangeStream { ts_ms: a, ord: b, total_order: 0 });
        positions.push(Position::ChangeStream { ts_ms: a, ord: b, total_order: 1 });
        for server_id in [0, 7, 70] {
            let read = server_id == 0;
            positions.push(Position::Binlog { server_id, file: a, position: b, row: 0, read });
        }
        for (last_commit, read) in [(None, false), (Some(2), false), (Some(9), false), (None, true), (Some(2), true)] {
            positions.push(Position::Lsn { lsn: b, last_commit, read });
        }
    }
    // MongoDB at the start of a second, and with a clock that is set back within one.
    for (ts_ms, ord) in [(100_998, 57), (100_998, 1), (100_540, 57), (100_510, 58), (100_510, 56)] {
        positions.push(Position::ChangeStream { ts_ms, ord, total_order: 0 });
    }
    positions
}

#[tokio::test]
async fn the_condition_agrees_with_the_versions() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let versions: Vec<_> = positions().into_iter().map(|position| RowVersion { epoch: 1, position }).collect();
    // Every pair of one database, and some pairs of two.
    let of_one = |a: &RowVersion, b: &RowVersion| discriminant(&a.position) == discriminant(&b.position);
    let mut pairs: Vec<_> = versions
        .iter()
        .flat_map(|there| versions.iter().map(move |new| (*there, *new)))
        .filter(|(there, new)| of_one(there, new) || *new == versions[0])
        .collect();
    // A higher epoch wins, also over another log.
    let other = |epoch| RowVersion { epoch, ..version(5) };
    pairs.extend(versions.iter().flat_map(|there| [0, 2, 10].map(|epoch| (*there, other(epoch)))));
    for (number, (there, new)) in pairs.iter().enumerate() {
        let key = format!("row-{number}");
        let put = async |version: &RowVersion, by: &str| {
            table.put_if_newer(&key, Item::from([("by".to_owned(), text(by))]), version).await
        };
        assert_eq!(put(there, "there").await.unwrap(), Put::Applied);
        let outcome = put(new, "new").await;
        match new.compare(there) {
            Precedence::Newer => assert_eq!(outcome.unwrap(), Put::Applied, "{there:?} {new:?}"),
            Precedence::Same => assert_eq!(outcome.unwrap(), Put::Same, "{there:?} {new:?}"),
            Precedence::Older => assert_eq!(outcome.unwrap(), Put::Older, "{there:?} {new:?}"),
            Precedence::Incomparable => {
                assert_eq!(outcome.unwrap_err().code(), "version_incomparable", "{there:?} {new:?}");
            }
        }
    }
    let items = aws.items(ROWS).await.unwrap();
    assert_eq!(items.len(), pairs.len());
    for item in items {
        let number: usize = item["pk"]["S"].as_str().unwrap().strip_prefix("row-").unwrap().parse().unwrap();
        let (there, new) = pairs[number];
        let newest = if new.compare(&there) == Precedence::Newer { "new" } else { "there" };
        assert_eq!(item["by"]["S"], newest, "{there:?} {new:?}");
    }
}

#[tokio::test]
async fn of_many_at_once_the_newest_stays() {
    let (aws, _proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let mut puts = tokio::task::JoinSet::new();
    for at in 0..50_u64 {
        let table = table.clone();
        // 37 and 50 have no common divisor: every version once, in mixed order.
        puts.spawn(async move { table.put_if_newer("row", Item::new(), &version(at * 37 % 50)).await.unwrap() });
    }
    let outcomes = puts.join_all().await;
    assert!(outcomes.iter().all(|put| *put != Put::Same));
    let item = &aws.items(ROWS).await.unwrap()[0];
    assert!(item["version"]["S"].as_str().unwrap().contains(&format!(".{:020}.", 49)), "{item}");
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_applied_once() {
    let (_aws, proxy, client) = emulator().await;
    let table = VersionedTable::new(client, ROWS);
    let lost = proxy.arm(Failpoint::new("answer-lost", "PutItem", When::After, Action::Drop).times(1));
    assert_eq!(table.put_if_newer("row", Item::new(), &version(1)).await.unwrap(), Put::Applied);
    assert_eq!((lost.hits(), proxy.calls("PutItem")), (1, 2));
    // Another delivery of the same change is not the same write.
    assert_eq!(table.put_if_newer("row", Item::new(), &version(1)).await.unwrap(), Put::Same);
    assert_eq!(table.put_if_newer("row", Item::new(), &version(0)).await.unwrap(), Put::Older);
}

#[tokio::test]
async fn a_foreign_item_is_left_alone() {
    let (aws, _proxy, client) = emulator().await;
    client.put_item().table_name(ROWS).item("pk", text("row")).item("by", text("another")).send().await.unwrap();
    let error = VersionedTable::new(client, ROWS).put_if_newer("row", Item::new(), &version(1)).await.unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("item_foreign", Disposition::DeadLetter));
    assert_eq!(aws.items(ROWS).await.unwrap()[0]["by"]["S"], "another");
}
