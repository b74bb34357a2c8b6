//! The contract of [`VersionedTable`]: the newest version of a row wins.
#![allow(clippy::panic, clippy::expect_used, reason = "a contract that is broken fails the test that runs it")]

use debezium::{Position, RowVersion};
use event_runtime::{Disposition, Failure};

use crate::attribute::{EXPIRES_AT, FORMAT, KEY};
use crate::column::{Column, Columns};
use crate::error::TableError;
use crate::format;
use crate::newest_version::{Put, Removal, VersionedTable};
use crate::testing::place::Place;
use crate::value::{Item, number, text, text_of};

/// Runs the contract of [`VersionedTable`] on an empty table whose only key is the text [`KEY`].
///
/// # Panics
/// Where the contract is broken.
pub async fn rows_contract(place: &impl Place, table: &str) {
    let rows = Rows { place, name: table, table: VersionedTable::new(place.writes(), table) };
    rows.the_newest_wins_in_every_order().await;
    rows.unchanged_columns_end_the_same_in_every_order().await;
    rows.a_repetition_and_an_older_version_change_nothing().await;
    rows.a_tombstone_keeps_older_changes_away().await;
    rows.an_unchanged_column_stays_and_a_late_change_fills_it().await;
    rows.a_clock_that_was_set_back_does_not_decide().await;
    rows.a_version_of_another_log_is_refused().await;
    rows.items_of_others_are_left_alone().await;
    rows.only_rows_of_an_older_epoch_are_removed().await;
    rows.a_key_beyond_the_limits_is_rejected().await;
}

struct Rows<'a, P> {
    place: &'a P,
    name: &'a str,
    table: VersionedTable,
}

fn at(lsn: u64) -> RowVersion {
    RowVersion { epoch: 1, position: Position::Lsn { lsn, last_commit: Some(lsn - 1), read: false } }
}

fn account(email: &str, notes: Column) -> Columns {
    Columns::new().with("email", text(email)).with("notes", notes)
}

fn notes(value: &str) -> Column {
    Column::Is(text(value))
}

fn tombstone() -> Columns {
    Item::from([(EXPIRES_AT.to_owned(), number(4_000_000_000_u64))]).into()
}

/// Every order of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let with_last = |order: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    };
    orders(last).into_iter().flat_map(with_last).collect()
}

impl<P: Place> Rows<'_, P> {
    async fn put(&self, key: &str, columns: Columns, version: RowVersion) -> Put {
        self.table.put_if_newer(key, columns, &version).await.expect("a row is written")
    }

    async fn refusal(&self, key: &str, columns: Columns, version: RowVersion) -> TableError {
        self.table.put_if_newer(key, columns, &version).await.expect_err("the row cannot be written")
    }

    async fn row(&self, key: &str) -> Item {
        let items = self.place.items(self.name).await;
        items.into_iter().find(|item| text_of(item, KEY) == Some(key)).expect("the row is there")
    }

    async fn assert_is(&self, key: &str, email: Option<&str>, notes: Option<&str>) {
        let row = self.row(key).await;
        assert_eq!((text_of(&row, "email"), text_of(&row, "notes")), (email, notes), "{key}");
    }

    async fn the_newest_wins_in_every_order(&self) {
        for (number, order) in orders(3).into_iter().enumerate() {
            let key = format!("order-{number}");
            let mut newest = None;
            for change in order {
                let put = self.put(&key, account(&change.to_string(), notes("long")), at(10 + change as u64)).await;
                assert_eq!(put, if newest < Some(change) { Put::Applied } else { Put::Older }, "{key}");
                newest = newest.max(Some(change));
            }
            self.assert_is(&key, Some("2"), Some("long")).await;
        }
    }

    async fn unchanged_columns_end_the_same_in_every_order(&self) {
        let changes =
            [account("0", notes("first")), tombstone(), account("2", notes("second")), account("3", Column::Unchanged)];
        for (number, order) in orders(changes.len()).into_iter().enumerate() {
            let key = format!("unchanged-{number}");
            for change in &order {
                self.put(&key, changes[*change].clone(), at(10 + *change as u64)).await;
            }
            self.assert_is(&key, Some("3"), Some("second")).await;
            assert!(!self.row(&key).await.contains_key(EXPIRES_AT), "{order:?}: the row exists again");
        }
    }

    async fn a_repetition_and_an_older_version_change_nothing(&self) {
        assert_eq!(self.put("repeated", account("new", notes("long")), at(10)).await, Put::Applied);
        let before = self.row("repeated").await;
        for unchanged in [notes("other"), Column::Unchanged] {
            assert_eq!(self.put("repeated", account("again", unchanged.clone()), at(10)).await, Put::Same);
            assert_eq!(self.put("repeated", account("old", unchanged), at(9)).await, Put::Older);
        }
        assert_eq!(self.row("repeated").await, before);
        // Positions of a higher epoch begin again.
        let restored = RowVersion { epoch: 2, ..at(1) };
        assert_eq!(self.put("repeated", account("restored", Column::Null), restored).await, Put::Applied);
        self.assert_is("repeated", Some("restored"), None).await;
    }

    async fn a_tombstone_keeps_older_changes_away(&self) {
        assert_eq!(self.put("deleted", account("a", notes("long")), at(10)).await, Put::Applied);
        assert_eq!(self.put("deleted", tombstone(), at(20)).await, Put::Applied);
        assert_eq!(self.put("deleted", account("late", notes("late")), at(15)).await, Put::Older);
        self.assert_is("deleted", None, None).await;
        assert!(self.row("deleted").await.contains_key(EXPIRES_AT));
        assert_eq!(self.put("deleted", account("again", Column::Unchanged), at(30)).await, Put::Applied);
        self.assert_is("deleted", Some("again"), None).await;
        assert!(!self.row("deleted").await.contains_key(EXPIRES_AT), "the row exists again");
    }

    async fn an_unchanged_column_stays_and_a_late_change_fills_it(&self) {
        assert_eq!(self.put("late", account("a", notes("first")), at(10)).await, Put::Applied);
        assert_eq!(self.put("late", account("c", Column::Unchanged), at(30)).await, Put::Applied);
        self.assert_is("late", Some("c"), Some("first")).await;
        assert_eq!(self.put("late", account("b", notes("second")), at(20)).await, Put::Applied, "it fills the column");
        self.assert_is("late", Some("c"), Some("second")).await;
        assert_eq!(self.put("late", account("b", notes("between")), at(15)).await, Put::Older);
        self.assert_is("late", Some("c"), Some("second")).await;
        // Where no row was there yet, the column is absent until a change contains it.
        assert_eq!(self.put("absent", account("b", Column::Unchanged), at(20)).await, Put::Applied);
        self.assert_is("absent", Some("b"), None).await;
        assert_eq!(self.put("absent", account("a", notes("first")), at(10)).await, Put::Applied);
        self.assert_is("absent", Some("b"), Some("first")).await;
    }

    async fn a_clock_that_was_set_back_does_not_decide(&self) {
        let at = |ts_ms, ord| RowVersion { epoch: 1, position: Position::ChangeStream { ts_ms, ord, total_order: 0 } };
        assert_eq!(self.put("clock", account("first", Column::Null), at(100_540, 57)).await, Put::Applied);
        assert_eq!(self.put("clock", account("second", Column::Null), at(100_510, 58)).await, Put::Applied);
        self.assert_is("clock", Some("second"), None).await;
    }

    async fn a_version_of_another_log_is_refused(&self) {
        let of = |server_id| {
            let position = Position::Binlog { server_id, file: 3, position: 40, row: 0, read: false };
            RowVersion { epoch: 1, position }
        };
        assert_eq!(self.put("log", account("7", Column::Null), of(7)).await, Put::Applied);
        let error = self.refusal("log", account("8", Column::Null), of(8)).await;
        assert_eq!((error.code(), error.disposition()), ("version_incomparable", Disposition::DeadLetter));
        self.assert_is("log", Some("7"), None).await;
    }

    async fn items_of_others_are_left_alone(&self) {
        let item = |key: &str, more: Item| -> Item {
            [(KEY.to_owned(), text(key)), ("by".to_owned(), text("another"))].into_iter().chain(more).collect()
        };
        let newer = Item::from([(FORMAT.to_owned(), number(format::FORMAT + 1))]);
        for (key, more, code) in [("foreign", Item::new(), "item_foreign"), ("newer", newer, "item_format_unknown")] {
            self.place.put(self.name, item(key, more.clone())).await;
            for columns in [account("a", notes("long")), account("a", Column::Unchanged), tombstone()] {
                assert_eq!(self.refusal(key, columns, RowVersion { epoch: 9, ..at(10) }).await.code(), code);
            }
            let error = self.table.remove_of_older_epoch(key, 10).await.expect_err("it is not ours");
            assert_eq!(error.code(), code);
            assert_eq!(self.row(key).await, item(key, more));
        }
    }

    async fn only_rows_of_an_older_epoch_are_removed(&self) {
        assert_eq!(self.put("epoch", account("a", Column::Null), at(10)).await, Put::Applied);
        for (epoch, expected) in [(1, Removal::Rewritten), (2, Removal::Removed), (2, Removal::Gone)] {
            assert_eq!(self.table.remove_of_older_epoch("epoch", epoch).await.expect("an answer"), expected);
        }
    }

    async fn a_key_beyond_the_limits_is_rejected(&self) {
        let error = self.refusal("", account("a", Column::Null), at(10)).await;
        assert_eq!((error.code(), error.disposition()), ("item_rejected", Disposition::DeadLetter));
    }
}
