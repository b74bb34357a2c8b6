//! One write of a row: the first request, and what follows when DynamoDB refuses it.
//!
//! Nearly always the first request decides. Some versions a DynamoDB condition cannot compare: then the item that the
//! refusal returned is compared here, and the next request holds only while that item stays as it was.

use aws_sdk_dynamodb::types::AttributeValue;
use debezium::{Precedence, RowVersion};
use event_runtime::Effect;

use crate::attribute::{EXPIRES_AT, FORMAT, KEY, VERSION, VERSION_COMMIT, VERSION_LOG, VERSION_OF, WRITE};
use crate::column::{Column, Columns};
use crate::condition::Condition;
use crate::format::{self, Unreadable};
use crate::newest_version::version::{Stored, older_than};
use crate::request::{Change, CopyUnlessThere, Key, Request, Update};
use crate::value::{Item, number, text, text_of};

/// In [`VERSION_OF`]: no change has contained the column's value yet. Sorts before any version.
const NEVER_SEEN: &str = "-";

/// The result of [`VersionedTable::put_if_newer`](crate::VersionedTable::put_if_newer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The row is written: all of it, or of a late change the columns that no newer change contained.
    Applied,
    /// This very version was there already.
    Same,
    /// A newer version was there, and stays.
    Older,
}

impl From<Put> for Effect {
    fn from(put: Put) -> Self {
        match put {
            Put::Applied => Effect::Done,
            Put::Same | Put::Older => Effect::Duplicate,
        }
    }
}

/// A row to be written, if its version is newer than the stored one.
#[derive(Debug)]
pub(crate) struct RowWrite<'a> {
    pub(crate) key: &'a str,
    pub(crate) columns: &'a Columns,
    pub(crate) version: &'a RowVersion,
    /// Identifies this write, so that it recognises itself when an answer was lost.
    pub(crate) token: String,
}

/// What follows a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    Ended(Put),
    Ask(Request),
}

/// Why a refusal cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// The stored version comes from another database log.
    Incomparable,
    /// The item must be left alone.
    Unreadable(Unreadable),
}

impl RowWrite<'_> {
    /// The first request; the only one unless DynamoDB refuses it.
    pub(crate) fn first(&self) -> Request {
        let newer = Condition::All(vec![format::known(format::FORMAT), older_than(self.version)]);
        match self.columns.are_whole() {
            true => self.request(Change::Put(self.item()), Condition::Any(vec![Condition::absent(KEY), newer])),
            // A missing item has no version, so the condition fails for it.
            false => self.request(Change::Update(self.update()), newer),
        }
    }

    /// What follows when DynamoDB refused because of this item; `None` where no item was there.
    pub(crate) fn refused_over(&self, found: Option<&Item>) -> Result<Next, Undecided> {
        let Some(found) = found else {
            return Ok(Next::Ask(self.request(Change::Put(self.item()), Condition::absent(KEY))));
        };
        if text_of(found, WRITE) == Some(&self.token) {
            // Our own write: its answer was lost, and the SDK sent the request again.
            return Ok(Next::Ended(Put::Applied));
        }
        format::check(found, format::FORMAT).map_err(Undecided::Unreadable)?;
        let stored = Stored::read(found).ok_or(Undecided::Unreadable(Unreadable::Foreign))?;
        match self.version.compare(&stored) {
            Precedence::Newer => {
                let change = match self.columns.are_whole() {
                    true => Change::Put(self.item()),
                    false => Change::Update(self.update()),
                };
                Ok(Next::Ask(self.request(change, unchanged(found))))
            }
            Precedence::Same => Ok(Next::Ended(Put::Same)),
            Precedence::Older => Ok(match self.late(found) {
                Some(update) => Next::Ask(self.request(Change::Update(update), unchanged(found))),
                None => Next::Ended(Put::Older),
            }),
            Precedence::Incomparable => Err(Undecided::Incomparable),
        }
    }

    fn request(&self, change: Change, condition: Condition) -> Request {
        Request { key: Key::of(self.key), change, condition }
    }

    /// The row as a whole. An unchanged column stays out: only the earlier row has its value.
    fn item(&self) -> Item {
        let mut item: Item = self.known().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect();
        item.extend(self.unchanged().map(|name| (version_of(name), text(NEVER_SEEN))));
        item.insert(WRITE.to_owned(), text(&self.token));
        format::put(&mut item, format::FORMAT);
        Stored::of(self.version).put(&mut item);
        item
    }

    /// The attributes that the change contains, and no others.
    fn update(&self) -> Update {
        let mut item = Item::new();
        item.insert(WRITE.to_owned(), text(&self.token));
        format::put(&mut item, format::FORMAT);
        Stored::of(self.version).put(&mut item);
        let mut update = Update { set: item.into_iter().collect(), ..Update::default() };
        if !update.set.contains_key(VERSION_COMMIT) {
            update.remove.push(VERSION_COMMIT.to_owned());
        }
        if !matches!(self.columns.get(EXPIRES_AT), Some(Column::Is(_))) {
            // The row exists again: it is not a tombstone any more.
            update.remove.push(EXPIRES_AT.to_owned());
        }
        for (name, value) in self.known() {
            match value {
                Some(value) => drop(update.set.insert(name.to_owned(), value.clone())),
                None => update.remove.push(name.to_owned()),
            }
            update.remove.push(version_of(name));
        }
        // An unchanged column is of the row's version before this update, unless it is of an older one already.
        let copy = |name| CopyUnlessThere { from: VERSION.to_owned(), to: version_of(name) };
        update.copy = self.unchanged().map(copy).collect();
        update.remove.sort();
        update.remove.dedup();
        update
    }

    /// What a late change still adds: columns that every later change left unchanged.
    ///
    /// Two versions of one log are compared as text. That comparison is wrong where a streamed change of PostgreSQL is newer
    /// than a snapshot's read at a greater position. For a column to be wrong because of it, the streamed change must be
    /// dead-lettered and redriven, and a later change must leave the column unchanged.
    fn late(&self, found: &Item) -> Option<Update> {
        let order = Stored::of(self.version).order;
        let older = found.keys().filter_map(|attribute| attribute.strip_prefix(VERSION_OF));
        let older = older.filter(|column| text_of(found, &version_of(column)).is_some_and(|of| of < order.as_str()));
        let mut update = Update::default();
        for column in older {
            match self.columns.get(column) {
                Some(Column::Is(value)) => drop(update.set.insert(column.to_owned(), value.clone())),
                Some(Column::Null) => update.remove.push(column.to_owned()),
                // The row was deleted, or the whole row does not have the column.
                None if self.columns.are_whole() => update.remove.push(column.to_owned()),
                Some(Column::Unchanged) | None => continue,
            }
            update.set.insert(version_of(column), text(&order));
        }
        if update.set.is_empty() {
            return None;
        }
        update.set.insert(WRITE.to_owned(), text(&self.token));
        update.set.insert(FORMAT.to_owned(), number(format::FORMAT));
        Some(update)
    }

    /// The columns whose values the change contains; `None` stands for null.
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

/// The names that are ours: a column with such a name is ignored.
fn is_ours(name: &str) -> bool {
    [KEY, VERSION, VERSION_LOG, VERSION_COMMIT, WRITE, FORMAT].contains(&name) || name.starts_with(VERSION_OF)
}

/// The name of the attribute that holds a column's own version.
pub(crate) fn version_of(column: &str) -> String {
    format!("{VERSION_OF}{column}")
}

/// The condition "still as it was found". Every write changes the token.
fn unchanged(found: &Item) -> Condition {
    let same = |attribute: &str| match text_of(found, attribute) {
        Some(value) => Condition::equals(attribute, value),
        None => Condition::absent(attribute),
    };
    Condition::All(vec![same(VERSION), same(WRITE)])
}

#[cfg(test)]
mod tests;
