//! Append once: an entry that is there is never written again, and an event's id is taken once.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use dynamodb_writes::{FailedWrite, Item, Transaction, WriteFailure, number, text, text_of, transaction};
use event_runtime::Effect;

use crate::attribute::{CONTENT, EXPIRES_AT, KEY, SORT};
use crate::error::TableError;
use crate::format::{self, Said};

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
    /// Sort key: the event's time, in text of fixed width, then the id.
    pub sort: String,
    /// Names the event for ever.
    pub id: String,
    /// Digest of what the event says, and of nothing that may differ between two deliveries of it, such as offsets.
    pub content: String,
    /// Everything else.
    pub attributes: Item,
    /// When the entry may go, in seconds since 1970. A function of the event alone, so that id and entry go together.
    pub expires_at: Option<u64>,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is there now.
    Now,
    /// It was there before, with the same content.
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

    /// Appends an entry unless its event's id is taken, whatever the taker's partition and sort key. One transaction
    /// of two puts: the entry, and an item `id#<id>` that holds the id. A request that is sent again for want of an
    /// answer carries the same token, by which DynamoDB knows it for ten minutes.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where the id is taken by other content; [`TableError::Format`] where a newer version of the
    /// function took it; [`TableError::Write`].
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
            // Either one tells: the other may have outlived its retention.
            Transaction::Refused(found) => {
                let table = self.table.clone();
                for found in found.iter().flatten() {
                    match format::said(found) {
                        Said::Known => {}
                        Said::Unknown(format) => return Err(TableError::Format { table, format }),
                        Said::Foreign => return Err(TableError::Foreign { table }),
                    }
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
            format::put(&mut item);
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

/// The SDK wants a field that is not set: nothing was sent.
fn unbuildable() -> FailedWrite {
    FailedWrite { failure: WriteFailure::Rejected, cause: None }
}
