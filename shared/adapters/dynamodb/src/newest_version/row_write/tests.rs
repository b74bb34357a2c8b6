//! A row's changes, delivered in every order, compared with the row in its database.

use debezium::Position;
use proptest::prelude::*;

use super::*;
use crate::into_column::IntoColumn;
use crate::memory::changed;

/// One item of a table. Conditions are evaluated in memory.
#[derive(Default)]
struct Memory {
    item: Option<Item>,
    requests: usize,
}

impl Memory {
    /// Applies a request; the error is the item that it was refused because of.
    fn ask(&mut self, request: &Request) -> Result<(), Option<Item>> {
        self.requests += 1;
        if !request.condition.holds(self.item.as_ref()) {
            return Err(self.item.clone());
        }
        let changed = changed(&request.key, request.change.clone(), self.item.as_ref());
        self.item = changed.expect("DynamoDB refuses what refers to nothing");
        Ok(())
    }

    fn write(&mut self, columns: &Columns, version: &RowVersion, token: &str, lost_answers: bool) -> Put {
        let write = RowWrite { key: "row", columns, version, token: token.to_owned() };
        let mut request = write.first();
        loop {
            let mut answer = self.ask(&request);
            if answer.is_ok() && lost_answers {
                // Applied, but the answer was lost: the SDK sends it again.
                answer = self.ask(&request);
            }
            let Err(found) = answer else { return Put::Applied };
            match write.refused_over(found.as_ref()).unwrap() {
                Next::Ended(put) => return put,
                Next::Ask(next) => request = next,
            }
        }
    }

    fn text(&self, attribute: &str) -> Option<&str> {
        text_of(self.item.as_ref()?, attribute)
    }
}

/// What happens to a row. A step that is impossible in the row's state is left out.
#[derive(Debug, Clone, Copy)]
enum Step {
    Insert { body: Option<u8> },
    Update { body: Option<u8> },
    UpdateOfAnother,
    Delete,
    Read,
}

fn any_step() -> impl Strategy<Value = Step> {
    let body = || proptest::option::of(0..5_u8);
    prop_oneof![
        2 => body().prop_map(|body| Step::Insert { body }),
        2 => body().prop_map(|body| Step::Update { body }),
        4 => Just(Step::UpdateOfAnother),
        2 => Just(Step::Delete),
        1 => Just(Step::Read),
    ]
}

/// The row in its database: `email` changes each time, `body` is TOASTed.
type Row = Option<(String, Option<String>)>;

#[derive(Debug, Clone, Copy)]
enum Log {
    Postgres,
    MySql,
    MongoDb,
}

/// The changes that these steps leave in the log, and the row at the end.
fn changes(steps: &[Step], log: Log) -> (Vec<(Columns, RowVersion)>, Row) {
    let mut row: Row = None;
    let mut changes = Vec::new();
    for (number, step) in (1..).zip(steps) {
        let email = format!("{number}@example.org");
        let body = |body: Option<u8>| body.map(|body| format!("body {body} of {number}"));
        let next: Option<Row> = match (*step, &row) {
            (Step::Insert { body: new }, None) | (Step::Update { body: new }, Some(_)) => {
                Some(Some((email, body(new))))
            }
            (Step::UpdateOfAnother, Some((_, body))) => Some(Some((email, body.clone()))),
            (Step::Delete, Some(_)) => Some(None),
            (Step::Read, Some(there)) if matches!(log, Log::Postgres) => Some(Some(there.clone())),
            (Step::Insert { .. }, Some(_)) | (Step::Read, _) => None,
            (Step::Update { .. } | Step::UpdateOfAnother | Step::Delete, None) => None,
        };
        let Some(next) = next else { continue };
        row = next;
        let unchanged = matches!(step, Step::UpdateOfAnother);
        changes.push((columns(&row, unchanged), version(log, number, matches!(step, Step::Read))));
    }
    (changes, row)
}

fn columns(row: &Row, body_unchanged: bool) -> Columns {
    match row {
        Some((email, _)) if body_unchanged => Columns::new().with("email", text(email)).with("body", Column::Unchanged),
        Some((email, body)) => Columns::new().with("email", text(email)).with("body", body),
        None => Columns::new().with(EXPIRES_AT, number(4_000_000_000_u64)),
    }
}

/// Each change is a transaction of its own, committed before the next begins.
fn version(log: Log, number: u64, read: bool) -> RowVersion {
    let position = match log {
        Log::Postgres => {
            let last_commit = if read { number * 10 - 5 } else { number * 10 - 9 };
            Position::Lsn { lsn: number * 10, last_commit: Some(last_commit), read }
        }
        Log::MySql => Position::Binlog { server_id: 7, file: 3, position: number * 10, row: 0, read },
        Log::MongoDb => Position::ChangeStream { ts_ms: 500_000 + number, ord: number, total_order: 0 },
    };
    RowVersion { epoch: 1, position }
}

fn assert_is(memory: &Memory, row: &Row) -> Result<(), TestCaseError> {
    let tombstone = memory.item.as_ref().is_some_and(|item| item.contains_key(EXPIRES_AT));
    prop_assert_eq!(tombstone, row.is_none());
    prop_assert_eq!(memory.text("email"), row.as_ref().map(|(email, _)| email.as_str()));
    prop_assert_eq!(memory.text("body"), row.as_ref().and_then(|(_, body)| body.as_deref()));
    Ok(())
}

fn any_log() -> impl Strategy<Value = Log> {
    prop_oneof![Just(Log::Postgres), Just(Log::MySql), Just(Log::MongoDb)]
}

/// Steps, and the order in which their changes are delivered, each at least once.
fn any_history() -> impl Strategy<Value = (Log, Vec<Step>, Vec<prop::sample::Index>, Vec<prop::sample::Index>)> {
    let first = proptest::option::of(0..5_u8).prop_map(|body| Step::Insert { body });
    let steps = (first, proptest::collection::vec(any_step(), 0..8)).prop_map(|(first, mut steps)| {
        steps.insert(0, first);
        steps
    });
    let picks = |count| proptest::collection::vec(any::<prop::sample::Index>(), count);
    (any_log(), steps, picks(9), picks(4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_of_delivery_the_row_is_what_its_changes_left(
        (log, steps, order, again) in any_history(),
        lost_answers in any::<bool>(),
    ) {
        let (changes, row) = changes(&steps, log);
        let mut left: Vec<_> = changes.iter().collect();
        let mut delivered = Vec::new();
        for pick in order {
            if !left.is_empty() {
                delivered.push(left.remove(pick.index(left.len())));
            }
        }
        delivered.extend(again.iter().map(|pick| pick.get(&changes)));
        let mut memory = Memory::default();
        for (number, (columns, version)) in delivered.into_iter().enumerate() {
            memory.write(columns, version, &format!("write-{number}"), lost_answers);
        }
        assert_is(&memory, &row)?;
    }

    #[test]
    fn in_order_a_change_takes_one_request_and_repeating_it_does_nothing(
        (log, steps, ..) in any_history(),
        lost_answers in any::<bool>(),
    ) {
        let (changes, row) = changes(&steps, log);
        let mut memory = Memory::default();
        for (number, (columns, version)) in changes.iter().enumerate() {
            prop_assert_eq!(memory.write(columns, version, &format!("write-{number}"), lost_answers), Put::Applied);
            prop_assert_eq!(memory.requests, (number + 1) * if lost_answers { 2 } else { 1 });
        }
        assert_is(&memory, &row)?;
        let before = memory.item.clone();
        for (columns, version) in &changes {
            prop_assert!(matches!(memory.write(columns, version, "again", false), Put::Same | Put::Older));
        }
        prop_assert_eq!(&memory.item, &before);
    }
}

/// One after the other into an empty table.
fn written(changes: &[(Columns, u64)]) -> Memory {
    let mut memory = Memory::default();
    for (number, (columns, at)) in changes.iter().enumerate() {
        memory.write(columns, &version(Log::Postgres, *at, false), &format!("write-{number}"), false);
    }
    memory
}

fn account(body: impl IntoColumn) -> Columns {
    Columns::new().with("email", text("ada@example.org")).with("body", body)
}

#[test]
fn an_update_leaves_an_untouched_column_as_it_is() {
    let memory = written(&[(account(text("long")), 1), (account(Column::Unchanged), 2)]);
    assert_eq!(memory.text("body"), Some("long"));
    let emptied = written(&[(account(text("long")), 1), (account(Column::Null), 2)]);
    assert_eq!(emptied.text("body"), None);
}

#[test]
fn a_change_redriven_after_an_update_fills_the_untouched_column() {
    let memory = written(&[(account(text("old")), 1), (account(Column::Unchanged), 3), (account(text("new")), 2)]);
    assert_eq!(memory.text("body"), Some("new"));
    // Once only: the older change comes last.
    let memory = written(&[(account(Column::Unchanged), 3), (account(text("new")), 2), (account(text("old")), 1)]);
    assert_eq!(memory.text("body"), Some("new"));
}

#[test]
fn a_value_from_before_a_delete_does_not_come_back() {
    let tombstone = || Columns::new().with(EXPIRES_AT, number(4_000_000_000_u64));
    let changes = [(account(text("old")), 1), (tombstone(), 2), (account(Column::Unchanged), 4)];
    let memory = written(&changes);
    assert_eq!((memory.text("email"), memory.text("body")), (Some("ada@example.org"), None));
    assert!(!memory.item.as_ref().unwrap().contains_key(EXPIRES_AT), "the row exists again");
    let late = [(tombstone(), 2), (account(Column::Unchanged), 4), (account(text("old")), 1)];
    assert_eq!(written(&late).text("body"), None);
}

#[test]
fn a_column_no_longer_written_goes_with_the_next_whole_row() {
    let wider = account(text("long")).with("phone", text("555-0100"));
    assert_eq!(written(&[(wider.clone(), 1), (account(Column::Unchanged), 2)]).text("phone"), Some("555-0100"));
    assert_eq!(written(&[(wider, 1), (account(text("long")), 2)]).text("phone"), None);
}

#[test]
fn an_item_of_a_newer_format_is_left_alone() {
    let mut memory = written(&[(account(text("long")), 1)]);
    let newer = format::FORMAT + 1;
    memory.item.as_mut().unwrap().insert(FORMAT.to_owned(), number(newer));
    for columns in [account(text("new")), account(Column::Unchanged), Columns::new()] {
        for at in [1, 2] {
            let version = RowVersion { epoch: 9, ..version(Log::Postgres, at, false) };
            let write = RowWrite { key: "row", columns: &columns, version: &version, token: "mine".to_owned() };
            let found = memory.ask(&write.first()).unwrap_err();
            assert_eq!(
                write.refused_over(found.as_ref()),
                Err(Undecided::Unreadable(Unreadable::Newer(newer.to_string())))
            );
        }
    }
    memory.item.as_mut().unwrap().insert(FORMAT.to_owned(), text("2"));
    let (columns, version) = (account(text("new")), version(Log::Postgres, 9, false));
    let write = RowWrite { key: "row", columns: &columns, version: &version, token: "mine".to_owned() };
    let found = memory.ask(&write.first()).unwrap_err();
    assert_eq!(write.refused_over(found.as_ref()), Err(Undecided::Unreadable(Unreadable::Foreign)));
}

#[test]
fn after_a_key_change_the_untouched_column_comes_with_a_snapshot() {
    // An update of the primary key comes as an insert under the new key, and may leave a column untouched.
    let mut memory = written(&[(account(Column::Unchanged), 2)]);
    assert_eq!((memory.text("email"), memory.text("body")), (Some("ada@example.org"), None));
    memory.write(&account(Column::Unchanged), &version(Log::Postgres, 3, false), "update", false);
    assert_eq!(memory.text("body"), None);
    memory.write(&account(text("read")), &version(Log::Postgres, 4, true), "read", false);
    assert_eq!(memory.text("body"), Some("read"));
}

#[test]
fn a_change_between_two_requests_of_a_write_is_not_overwritten() {
    // The clock was set back within a second: the number in the log decides, which a condition cannot compare.
    let at = |ts_ms, ord| RowVersion { epoch: 1, position: Position::ChangeStream { ts_ms, ord, total_order: 0 } };
    let mut memory = Memory::default();
    memory.write(&account(text("first")), &at(100_540, 57), "first", false);
    let (columns, version) = (account(text("second")), at(100_510, 58));
    let write = RowWrite { key: "row", columns: &columns, version: &version, token: "second".to_owned() };
    let found = memory.ask(&write.first()).unwrap_err();
    let Next::Ask(next) = write.refused_over(found.as_ref()).unwrap() else { panic!("it is newer") };
    memory.write(&account(text("third")), &at(100_560, 59), "third", false);
    let found = memory.ask(&next).unwrap_err();
    assert_eq!(write.refused_over(found.as_ref()), Ok(Next::Ended(Put::Older)));
    assert_eq!(memory.text("body"), Some("third"));
}
