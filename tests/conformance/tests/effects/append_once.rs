//! Append once: each entry is written once, and an id is taken once.

use dynamodb::{AppendOnlyTable, Appended, Entry, Item, TableError, text};
use event_runtime::{Disposition, Failure};
use local_stack::{Action, Failpoint, When};

use crate::{LOG, emulator};

pub(crate) fn entry(id: &str, sort: &str, content: &str) -> Entry {
    Entry {
        partition: "user#1".to_owned(),
        sort: format!("{sort}#{id}"),
        id: id.to_owned(),
        content: content.to_owned(),
        attributes: Item::from([("said".to_owned(), text(content))]),
        expires_at: Some(4_000_000_000),
    }
}

#[tokio::test]
async fn an_entry_is_appended_once_and_its_id_is_taken_at_any_time() {
    let (aws, _proxy, client) = emulator().await;
    let log = AppendOnlyTable::new(client, LOG);
    assert_eq!(log.append_once(entry("e1", "2026", "hello")).await.unwrap(), Appended::Now);
    assert_eq!(log.append_once(entry("e1", "2026", "hello")).await.unwrap(), Appended::Before);
    for (sort, content) in [("2026", "bye"), ("2027", "bye")] {
        let error = log.append_once(entry("e1", sort, content)).await.unwrap_err();
        assert!(matches!(error, TableError::Conflict { .. }), "{error:?}");
        assert_eq!((error.code(), error.disposition()), ("event_conflict", Disposition::DeadLetter));
    }
    let items = aws.items(LOG).await.unwrap();
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|item| item["expires_at"]["N"] == "4000000000"));
    assert!(items.iter().filter_map(|item| item["said"]["S"].as_str()).eq(["hello"]));
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_applied_once() {
    let (aws, proxy, client) = emulator().await;
    let log = AppendOnlyTable::new(client, LOG);
    let lost = proxy.arm(Failpoint::new("answer-lost", "TransactWriteItems", When::After, Action::Drop).times(1));
    assert_eq!(log.append_once(entry("e1", "2026", "hello")).await.unwrap(), Appended::Now);
    assert_eq!((lost.hits(), proxy.calls("TransactWriteItems")), (1, 2));
    assert_eq!(log.append_once(entry("e1", "2026", "hello")).await.unwrap(), Appended::Before);
    assert_eq!(aws.items(LOG).await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_many_appends_at_once_one_happens() {
    let (aws, _proxy, client) = emulator().await;
    let log = AppendOnlyTable::new(client, LOG);
    let mut appends = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let log = log.clone();
        appends.spawn(async move {
            loop {
                match log.append_once(entry("e1", "2026", "hello")).await {
                    Ok(appended) => return appended,
                    // The runtime retries as well.
                    Err(error) => assert_eq!(error.disposition(), Disposition::Retry { after: None }, "{error:?}"),
                }
            }
        });
    }
    let outcomes = appends.join_all().await;
    assert_eq!(outcomes.iter().filter(|appended| **appended == Appended::Now).count(), 1);
    assert_eq!(aws.items(LOG).await.unwrap().len(), 2);
}
