//! The newest version of each row or document, in DynamoDB.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use avro_decode::AvroType;
use debezium::{Op, RowVersion};
use dynamodb::{Columns, VersionedTable, attribute, number};
use environment::Table;
use event_runtime::{Clock, Failed};
use serde::de::DeserializeOwned;

use crate::aws::Aws;
use crate::handlers::change::Change;
use crate::handlers::change_handler::{ChangeHandler, Decided};
use crate::handlers::decision::{Decision, Performed};
use crate::handlers::document::Document;
use crate::handlers::guard::Conditional;
use crate::manifest::Index;
use crate::patterns::into_columns::IntoItem;
use crate::variables::NewestVersions;
use crate::{Failure, RowOf};

/// Marks a tombstone: when the row was deleted, in milliseconds since 1970.
pub const DELETED_AT: &str = "deleted_at";

/// Keeps the newest version of each row or document as one item: a change that is older than what is stored is a
/// duplicate, and a deleted row leaves a tombstone, so that a late change does not bring it back.
///
/// The table's key is the text `pk`, its TTL attribute `expires_at`. It reads the variables `VERSION_EPOCH`,
/// `TOMBSTONE_DAYS` and `UNAVAILABLE_VALUE`.
pub struct KeepNewest<T, F, I> {
    table: VersionedTable,
    item: F,
    epoch: u64,
    tombstones: Duration,
    clock: Arc<dyn Clock>,
    _row: PhantomData<fn(T) -> I>,
}

impl<T, F, I> KeepNewest<T, F, I>
where
    T: AvroType,
    F: for<'a> Fn(RowOf<'a, T>) -> I,
{
    /// Keeps the item that `item` makes of each row, in `table`.
    pub fn in_table(aws: &Aws<T>, table: &Table, item: F) -> Self {
        Self::indexed(aws, table, &[], item)
    }

    /// The same for a table with indexes, whose keys are columns of the item.
    pub fn indexed(aws: &Aws<T>, table: &Table, indexes: &[Index], item: F) -> Self {
        Self::over(aws, aws.newest_version(table, indexes), item)
    }

    fn over(aws: &Aws<T>, table: VersionedTable, item: F) -> Self {
        let NewestVersions { epoch, tombstones, .. } = aws.variables();
        KeepNewest { table, item, epoch, tombstones, clock: aws.clock(), _row: PhantomData }
    }

    fn tombstone(&self, change: &Change<'_, RowOf<'_, T>>) -> Columns {
        let deleted_at = change.source().and_then(|source| source.ts_ms).unwrap_or(0);
        let expires_at = self.clock.now().plus(self.tombstones).0 / 1000;
        Columns::new().with(DELETED_AT, number(deleted_at)).with(attribute::EXPIRES_AT, number(expires_at))
    }
}

/// What is written of one change.
pub struct NewVersion {
    key: String,
    version: RowVersion,
    columns: Columns,
}

impl<T, F, I> ChangeHandler for KeepNewest<T, F, I>
where
    T: AvroType,
    F: for<'a> Fn(RowOf<'a, T>) -> I + Send + Sync + 'static,
    I: IntoItem + 'static,
{
    type Row = T;
    type Guard = Conditional;
    type Work = NewVersion;

    /// A letter older than the tombstones would bring back a row that was deleted since.
    fn redrive_within(&self) -> Option<Duration> {
        Some(self.tombstones)
    }

    fn decide(&self, mut change: Change<'_, RowOf<'_, T>>) -> Decided<Self> {
        let columns = match (change.op(), change.take_after()) {
            (Op::Delete, _) => self.tombstone(&change),
            (_, Some(row)) => (self.item)(row).into_item()?,
            // MongoDB's connector looks the document up after the change, and it was gone by then: the delete follows.
            (Op::Update, None) if change.is_of_mongodb() => return Ok(Decision::skip("document_gone")),
            (_, None) if change.is_of_mongodb() => return Err(Missing::Document.into()),
            (_, None) => return Err(Missing::Row.into()),
        };
        let version = change.version(self.epoch);
        let key = change.key()?.to_owned();
        Ok(Decision::conditional(NewVersion { key, version: version?, columns }))
    }

    async fn perform(&self, new: NewVersion) -> Performed {
        Ok(self.table.put_if_newer(&new.key, new.columns, &new.version).await?.into())
    }
}

/// Keeps the newest version of each document in `table`: the item that `item` makes of its fields. All fields that `D`
/// does not name may have any type. A document is whole, so its item has no unchanged columns, and the role needs no right
/// to update.
pub fn keep_newest_documents<D, I, F>(
    aws: &Aws<Document<'static, D>>,
    table: &Table,
    indexes: &[Index],
    item: F,
) -> impl ChangeHandler<Row = Document<'static, D>> + use<D, I, F>
where
    D: DeserializeOwned + 'static,
    I: IntoItem,
    F: Fn(D) -> I + Send + Sync + 'static,
{
    let table = aws.newest_whole_version(table, indexes);
    KeepNewest::over(aws, table, move |document: Document<'_, D>| -> Result<Columns, Failed> {
        item(document.fields()?).into_item()
    })
}

/// The change must have a row or document, and has none.
#[derive(Debug, Failure)]
#[failure(dead_letter, blame = record, remedy = "Check the connector and its transformations; end the letter.")]
pub(crate) enum Missing {
    /// An insert, an update or a snapshot's read has no row.
    #[failure("the change has no row; check the connector and its transformations", code = "row_missing")]
    Row,
    /// An insert or a snapshot's read has no document.
    #[failure(
        "the change is an insert or a snapshot read, but has no document; check the connector",
        code = "document_missing"
    )]
    Document,
}
