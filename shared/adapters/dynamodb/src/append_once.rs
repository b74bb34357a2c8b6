//! Append once: each event is written once under its id, and an entry is never changed.

use event_runtime::Effect;

use crate::attribute::{CONTENT, EXPIRES_AT, KEY};
use crate::condition::Condition;
use crate::error::TableError;
use crate::format;
#[cfg(feature = "testing")]
use crate::memory::MemoryTables;
use crate::request::Key;
use crate::value::{Item, number, text, text_of};
use crate::writes::{ConditionalPut, FailedWrite, Transaction, Writes};

/// An append-only table with the keys [`KEY`] and [`SORT`](crate::attribute::SORT), both text.
#[derive(Debug, Clone)]
pub struct AppendOnlyTable {
    writes: Writes,
    table: String,
}

/// One entry of an append-only table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Partition key.
    pub partition: String,
    /// Sort key: the event's time as text that sorts ([`sortable_time`](crate::keys::sortable_time)), then its id.
    pub sort: String,
    /// The event's id. It never names another event.
    pub id: String,
    /// Digest of the event's content, without anything that differs between two deliveries of it, such as offsets.
    pub content: String,
    /// All other attributes.
    pub attributes: Item,
    /// When DynamoDB may delete the entry, in seconds since 1970. Computed from the event alone, so that the entry and
    /// the item of its id expire together.
    pub expires_at: Option<u64>,
}

/// The result of [`AppendOnlyTable::append_once`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// This request wrote the entry.
    Now,
    /// The entry was there before, with the same content.
    Before,
}

impl From<Appended> for Effect {
    fn from(appended: Appended) -> Self {
        match appended {
            Appended::Now => Effect::Done,
            Appended::Before => Effect::Duplicate,
        }
    }
}

impl AppendOnlyTable {
    /// The table of that name, written by the SDK's client.
    pub fn new(writes: impl Into<Writes>, table: impl Into<String>) -> Self {
        AppendOnlyTable { writes: writes.into(), table: table.into() }
    }

    /// The table of that name in memory.
    #[cfg(feature = "testing")]
    pub fn in_memory(tables: &MemoryTables, table: impl Into<String>) -> Self {
        AppendOnlyTable::new(tables, table)
    }

    /// Appends an entry unless its event's id is in the table already, under any partition and sort key. One transaction
    /// of two puts: the entry, and an item `id#<id>` that holds the id. When the SDK sends a request again because the
    /// answer was lost, it carries the same token, which DynamoDB recognises for ten minutes.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where the id stands with other content; [`TableError::Format`] where a newer version of
    /// the function wrote it; [`TableError::Foreign`] and [`TableError::Write`].
    pub async fn append_once(&self, entry: Entry) -> Result<Appended, TableError> {
        let content = entry.content.clone();
        match self.writes.put_all(&self.table, puts(entry)).await.map_err(|failed| self.failed(failed))? {
            Transaction::Applied => Ok(Appended::Now),
            // Either item decides: the other may have outlived its retention.
            Transaction::Refused(found) => {
                let table = self.table.clone();
                for found in found.iter().flatten() {
                    format::check(found, format::FORMAT)
                        .map_err(|unreadable| TableError::unreadable(&self.table, unreadable))?;
                }
                match found.iter().flatten().next().map(|found| text_of(found, CONTENT)) {
                    Some(Some(theirs)) if theirs == content => Ok(Appended::Before),
                    Some(Some(_)) => Err(TableError::Conflict { table }),
                    Some(None) | None => Err(TableError::Foreign { table }),
                }
            }
        }
    }

    fn failed(&self, failed: FailedWrite) -> TableError {
        TableError::Write { table: self.table.clone(), failed }
    }
}

/// The item that holds the id, and the entry.
fn puts(entry: Entry) -> [ConditionalPut; 2] {
    let Entry { partition, sort, id, content, attributes, expires_at } = entry;
    let put = |mut item: Item, partition: String, sort: String| {
        item.insert(CONTENT.to_owned(), text(&content));
        format::put(&mut item, format::FORMAT);
        if let Some(at) = expires_at {
            item.insert(EXPIRES_AT.to_owned(), number(at));
        }
        let key = Key { partition, sort: Some(sort) };
        ConditionalPut { key, item, condition: Condition::absent(KEY) }
    };
    [put(Item::new(), format!("id#{id}"), "id".to_owned()), put(attributes, partition, sort)]
}
