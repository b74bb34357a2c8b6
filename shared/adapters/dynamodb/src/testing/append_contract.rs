//! The contract of [`AppendOnlyTable`]: an entry is written once, and its id is taken.
#![allow(clippy::panic, clippy::expect_used, reason = "a contract that is broken fails the test that runs it")]

use event_runtime::{Disposition, Failure};

use crate::append_once::{AppendOnlyTable, Appended, Entry};
use crate::attribute::{CONTENT, EXPIRES_AT, FORMAT, KEY, SORT};
use crate::format;
use crate::testing::place::Place;
use crate::value::{Item, number, text, text_of};

/// Runs the contract of [`AppendOnlyTable`] on an empty table with the keys [`KEY`] and [`SORT`].
///
/// # Panics
/// Where the contract is broken.
pub async fn append_contract(place: &impl Place, table: &str) {
    let log = AppendOnlyTable::new(place.writes(), table);
    once_and_then_its_id_is_taken(place, table, &log).await;
    items_of_others_are_left_alone(place, table, &log).await;
    let error = log.append_once(Entry { partition: String::new(), ..entry("empty", "1", "a") }).await;
    let error = error.expect_err("a key has at least one byte");
    assert_eq!((error.code(), error.disposition()), ("item_rejected", Disposition::DeadLetter));
}

fn entry(id: &str, sort: &str, content: &str) -> Entry {
    Entry {
        partition: format!("user#{id}"),
        sort: sort.to_owned(),
        id: id.to_owned(),
        content: content.to_owned(),
        attributes: Item::from([("said".to_owned(), text(content))]),
        expires_at: Some(4_000_000_000),
    }
}

async fn once_and_then_its_id_is_taken(place: &impl Place, table: &str, log: &AppendOnlyTable) {
    let append = async |entry: Entry| log.append_once(entry).await;
    assert_eq!(append(entry("e1", "2026", "hello")).await.expect("it is appended"), Appended::Now);
    let before = sorted(place.items(table).await);
    for sort in ["2026", "2027"] {
        assert_eq!(append(entry("e1", sort, "hello")).await.expect("it is there"), Appended::Before, "{sort}");
        let conflict = append(entry("e1", sort, "bye")).await.expect_err("the id stands with other content");
        assert_eq!((conflict.code(), conflict.disposition()), ("event_conflict", Disposition::DeadLetter));
    }
    // Another event's entry stands under the key: nothing of this event is written, its id neither.
    let taken = Entry { partition: "user#e1".to_owned(), ..entry("e2", "2026", "other") };
    assert_eq!(append(taken).await.expect_err("the key is taken").code(), "event_conflict");
    assert_eq!(sorted(place.items(table).await), before);
    let keys: Vec<_> =
        before.iter().map(|item| (text_of(item, KEY), text_of(item, SORT), text_of(item, "said"))).collect();
    assert_eq!(keys, [(Some("id#e1"), Some("id"), None), (Some("user#e1"), Some("2026"), Some("hello")),]);
    for item in &before {
        assert_eq!((text_of(item, CONTENT), item.get(EXPIRES_AT)), (Some("hello"), Some(&number(4_000_000_000_u64))));
    }
}

async fn items_of_others_are_left_alone(place: &impl Place, table: &str, log: &AppendOnlyTable) {
    let newer = Item::from([(FORMAT.to_owned(), number(format::FORMAT + 1)), (CONTENT.to_owned(), text("hello"))]);
    for (id, more, code) in [("foreign", Item::new(), "item_foreign"), ("newer", newer, "item_format_unknown")] {
        let key = [(KEY.to_owned(), text(format!("id#{id}"))), (SORT.to_owned(), text("id"))];
        place.put(table, key.into_iter().chain(more).collect()).await;
        let before = sorted(place.items(table).await);
        let error = log.append_once(entry(id, "2026", "hello")).await.expect_err("it is not ours");
        assert_eq!(error.code(), code);
        assert_eq!(sorted(place.items(table).await), before);
    }
}

fn sorted(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(|item| (text_of(item, KEY).map(str::to_owned), text_of(item, SORT).map(str::to_owned)));
    items
}
