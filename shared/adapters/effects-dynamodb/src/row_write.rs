//! One write of a row: which request is made, and what follows from what it was refused over.
//!
//! Nearly always one request does it. Over what a condition of DynamoDB cannot compare, the item that the refusal shows
//! is compared here, and the next request holds only while that item stays as it was.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use debezium::{Precedence, RowVersion};
use dynamodb_writes::{Item, text, text_of};

use crate::attribute::{EXPIRES_AT, FORMAT, KEY, VERSION, VERSION_COMMIT, VERSION_LOG, VERSION_OF, WRITE};
use crate::columns::{Column, Columns};
use crate::condition::Condition;
use crate::format::{self, Said};
use crate::newest::Put;
use crate::version::{Stored, older_than};

/// In [`VERSION_OF`]: no change has said yet what the column holds. Sorts before any version.
const NEVER_SAID: &str = "-";

/// A write under way.
#[derive(Debug)]
pub(crate) struct RowWrite<'a> {
    pub(crate) key: &'a str,
    pub(crate) columns: &'a Columns,
    pub(crate) version: &'a RowVersion,
    /// Names this write, so that it knows its own work when an answer was lost.
    pub(crate) token: String,
}

/// What DynamoDB is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) change: Change,
    pub(crate) condition: Condition,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// The item as a whole.
    Put(Item),
    /// Some of its attributes, of an item that is there.
    Update(Update),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Update {
    pub(crate) set: BTreeMap<String, AttributeValue>,
    pub(crate) remove: Vec<String>,
    /// Columns that stay as they are, and which version they are from from now on.
    pub(crate) keep: Vec<String>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    Ended(Put),
    Ask(Request),
}

/// Why a write cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undecided {
    Incomparable,
    Foreign,
    Format(String),
}

/// Whether an item is in a format that this code knows.
pub(crate) fn readable(found: &Item) -> Result<(), Undecided> {
    match format::said(found) {
        Said::Known => Ok(()),
        Said::Unknown(format) => Err(Undecided::Format(format)),
        Said::Foreign => Err(Undecided::Foreign),
    }
}

impl RowWrite<'_> {
    /// The first request, which is the last one unless it is refused.
    pub(crate) fn first(&self) -> Request {
        let newer = Condition::All(vec![format::known(), older_than(self.version)]);
        match self.columns.are_whole() {
            true => Request {
                change: Change::Put(self.item()),
                condition: Condition::Any(vec![Condition::absent(KEY), newer]),
            },
            // An item that is not there has no version, so the condition fails over it.
            false => Request { change: Change::Update(self.update()), condition: newer },
        }
    }

    /// What follows from a refusal over this item; `None` where there was none.
    pub(crate) fn refused_over(&self, found: Option<&Item>) -> Result<Next, Undecided> {
        let Some(found) = found else {
            let condition = Condition::absent(KEY);
            return Ok(Next::Ask(Request { change: Change::Put(self.item()), condition }));
        };
        if text_of(found, WRITE) == Some(&self.token) {
            // Our own write, whose answer was lost before the SDK sent it again.
            return Ok(Next::Ended(Put::Applied));
        }
        readable(found)?;
        let stored = Stored::read(found).ok_or(Undecided::Foreign)?;
        match self.version.compare(&stored) {
            Precedence::Newer => {
                let change = match self.columns.are_whole() {
                    true => Change::Put(self.item()),
                    false => Change::Update(self.update()),
                };
                Ok(Next::Ask(Request { change, condition: unchanged(found) }))
            }
            Precedence::Same => Ok(Next::Ended(Put::Same)),
            Precedence::Older => Ok(match self.late(found) {
                Some(update) => Next::Ask(Request { change: Change::Update(update), condition: unchanged(found) }),
                None => Next::Ended(Put::Older),
            }),
            Precedence::Incomparable => Err(Undecided::Incomparable),
        }
    }

    /// The row as a whole. A column whose value only the row before would have stays out.
    fn item(&self) -> Item {
        let mut item: Item = self.known().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect();
        item.extend(self.unchanged().map(|name| (version_of(name), text(NEVER_SAID))));
        item.insert(KEY.to_owned(), text(self.key));
        item.insert(WRITE.to_owned(), text(&self.token));
        format::put(&mut item);
        Stored::of(self.version).put(&mut item);
        item
    }

    /// What the change says, and nothing else.
    fn update(&self) -> Update {
        let mut item = Item::new();
        item.insert(WRITE.to_owned(), text(&self.token));
        format::put(&mut item);
        Stored::of(self.version).put(&mut item);
        let mut update = Update { set: item.into_iter().collect(), ..Update::default() };
        if !update.set.contains_key(VERSION_COMMIT) {
            update.remove.push(VERSION_COMMIT.to_owned());
        }
        if !matches!(self.columns.get(EXPIRES_AT), Some(Column::Is(_))) {
            // A row that was deleted and is there again is no tombstone any more.
            update.remove.push(EXPIRES_AT.to_owned());
        }
        for (name, value) in self.known() {
            match value {
                Some(value) => drop(update.set.insert(name.to_owned(), value.clone())),
                None => update.remove.push(name.to_owned()),
            }
            update.remove.push(version_of(name));
        }
        update.keep = self.unchanged().map(str::to_owned).collect();
        update.remove.sort();
        update.remove.dedup();
        update
    }

    /// What a change that came late still says: of columns which every later change left unchanged.
    ///
    /// Which of two such changes is the newer one, the text of their versions tells, as it does among the changes of one
    /// log. It does not know that a streamed change of PostgreSQL may be newer than a snapshot's read with a greater
    /// position; for a column to be wrong by that, the change has to be parked and a later one to leave it unchanged.
    fn late(&self, found: &Item) -> Option<Update> {
        let order = Stored::of(self.version).order;
        let older = found.keys().filter_map(|attribute| attribute.strip_prefix(VERSION_OF));
        let older = older.filter(|column| text_of(found, &version_of(column)).is_some_and(|of| of < order.as_str()));
        let mut update = Update::default();
        for column in older {
            match self.columns.get(column) {
                Some(Column::Is(value)) => drop(update.set.insert(column.to_owned(), value.clone())),
                Some(Column::Null) => update.remove.push(column.to_owned()),
                // Deleted, or written as a whole without it.
                None if self.columns.are_whole() => update.remove.push(column.to_owned()),
                Some(Column::Unchanged) | None => continue,
            }
            update.set.insert(version_of(column), text(&order));
        }
        if update.set.is_empty() {
            return None;
        }
        update.set.insert(WRITE.to_owned(), text(&self.token));
        update.set.insert(FORMAT.to_owned(), dynamodb_writes::number(format::FORMAT));
        Some(update)
    }

    /// The columns of which the change says something, with what they hold.
    fn known(&self) -> impl Iterator<Item = (&str, Option<&AttributeValue>)> {
        let known = self.columns.iter().filter(|(name, _)| !is_ours(name));
        known.filter_map(|(name, column)| match column {
            Column::Is(value) => Some((name, Some(value))),
            Column::Null => Some((name, None)),
            Column::Unchanged => None,
        })
    }

    fn unchanged(&self) -> impl Iterator<Item = &str> {
        let unchanged = self.columns.iter().filter(|(name, column)| !is_ours(name) && **column == Column::Unchanged);
        unchanged.map(|(name, _)| name)
    }
}

/// The attributes that no column may have the name of: these win.
fn is_ours(name: &str) -> bool {
    [KEY, VERSION, VERSION_LOG, VERSION_COMMIT, WRITE, FORMAT].contains(&name) || name.starts_with(VERSION_OF)
}

pub(crate) fn version_of(column: &str) -> String {
    format!("{VERSION_OF}{column}")
}

/// The condition "as it was found": every write names itself.
fn unchanged(found: &Item) -> Condition {
    let same = |attribute: &str| match text_of(found, attribute) {
        Some(value) => Condition::equals(attribute, value),
        None => Condition::absent(attribute),
    };
    Condition::All(vec![same(VERSION), same(WRITE)])
}

#[cfg(test)]
mod tests;
