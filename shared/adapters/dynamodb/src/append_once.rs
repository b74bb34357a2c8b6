//! Append once: each event is written once under its id, and an entry is never changed.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use event_runtime::Effect;

use crate::attribute::{CONTENT, EXPIRES_AT, KEY, SORT};
use crate::error::TableError;
use crate::format;
use crate::value::{Item, number, text, text_of};
use crate::writes::{FailedWrite, Transaction, WriteFailure, transaction};

/// An append-only table with the keys [`KEY`] and [`SORT`], both text.
#[derive(Debug, Clone)]
pub struct AppendOnlyTable {
    client: Client,
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

const ABSENT: &str = "attribute_not_exists(#key)";

impl AppendOnlyTable {
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        AppendOnlyTable { client, table: table.into() }
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
        let [id, entry] = self.puts(entry).map_err(|_| self.failed(unbuildable()))?;
        let request = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(id).build())
            .transact_items(TransactWriteItem::builder().put(entry).build());
        match transaction(request.send().await).map_err(|failed| self.failed(failed))? {
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

    fn puts(&self, entry: Entry) -> Result<[Put; 2], BuildError> {
        let Entry { partition, sort, id, content, attributes, expires_at } = entry;
        let common = |mut item: Item, partition: String, sort: String| {
            item.insert(KEY.to_owned(), text(partition));
            item.insert(SORT.to_owned(), text(sort));
            item.insert(CONTENT.to_owned(), text(&content));
            format::put(&mut item, format::FORMAT);
            if let Some(at) = expires_at {
                item.insert(EXPIRES_AT.to_owned(), number(at));
            }
            Put::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression(ABSENT)
                .expression_attribute_names("#key", KEY)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
        };
        let holder = common(Item::new(), format!("id#{id}"), "id".to_owned())?;
        Ok([holder, common(attributes, partition, sort)?])
    }

    fn failed(&self, failed: FailedWrite) -> TableError {
        TableError::Write { table: self.table.clone(), failed }
    }
}

/// A field that the SDK requires is not set: nothing was sent.
fn unbuildable() -> FailedWrite {
    FailedWrite { failure: WriteFailure::Rejected, cause: None }
}
