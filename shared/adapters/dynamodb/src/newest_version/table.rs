//! The table: asks the requests of a [`RowWrite`], and removes rows of an older epoch.

use debezium::RowVersion;
use event_runtime::OwnerToken;

use crate::attribute::VERSION;
use crate::column::Columns;
use crate::condition::Condition;
use crate::error::TableError;
use crate::format::{self, FORMAT, Unreadable};
#[cfg(feature = "testing")]
use crate::memory::MemoryTables;
use crate::newest_version::row_write::{Next, Put, RowWrite, Undecided};
use crate::newest_version::version::{epoch_of, epoch_text};
use crate::request::{Change, Key, Request};
use crate::writes::{FailedWrite, Write, WriteFailure, Writes};

/// A table of one item a row, whose only key is the text [`KEY`](crate::attribute::KEY).
#[derive(Debug, Clone)]
pub struct VersionedTable {
    writes: Writes,
    table: String,
}

/// The result of [`VersionedTable::remove_of_older_epoch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The row is removed.
    Removed,
    /// The row was gone already.
    Gone,
    /// The row has been written since, in this epoch or a higher one, and stays.
    Rewritten,
}

/// A row that others write between our requests this many times in a row is left to a later try.
const REQUESTS: usize = 5;

impl VersionedTable {
    /// The table of that name, written by the SDK's client.
    pub fn new(writes: impl Into<Writes>, table: impl Into<String>) -> Self {
        VersionedTable { writes: writes.into(), table: table.into() }
    }

    /// The table of that name in memory.
    #[cfg(feature = "testing")]
    pub fn in_memory(tables: &MemoryTables, table: impl Into<String>) -> Self {
        VersionedTable::new(tables, table)
    }

    /// Writes a row under `key` if `version` is newer than the stored version ([`RowVersion::compare`]).
    ///
    /// A change that contains the whole row is put by one `PutItem`. A change with an
    /// [`Unchanged`](crate::Column::Unchanged) column is an update by one `UpdateItem`: that column stays as it is, all
    /// others take the change's values. Where no row is there to update, or only a tombstone, such a column stays absent
    /// until a change contains its value.
    ///
    /// A late change, behind newer ones, still gives an unchanged column its value if every newer change left the column
    /// unchanged. So the changes of a row may come in any order: in the end the row is what the newest change left.
    ///
    /// A deleted row is written too, as a tombstone: without its columns, and with its version for as long as older changes
    /// may still arrive ([`EXPIRES_AT`](crate::attribute::EXPIRES_AT)). Otherwise they would bring the row back.
    ///
    /// A refused request costs as many write units as an applied one, and no read.
    ///
    /// # Errors
    /// [`TableError`]; never [`TableError::Conflict`].
    pub async fn put_if_newer(
        &self,
        key: &str,
        columns: impl Into<Columns>,
        version: &RowVersion,
    ) -> Result<Put, TableError> {
        let columns = columns.into();
        let this_write = RowWrite { key, columns: &columns, version, token: OwnerToken::fresh().to_string() };
        let mut request = this_write.first();
        for _ in 0..REQUESTS {
            let found = match self.writes.write(&self.table, request).await.map_err(|failed| self.failed(failed))? {
                Write::Applied => return Ok(Put::Applied),
                Write::Refused(found) => found,
            };
            match this_write.refused_over(found.as_ref()).map_err(|undecided| self.undecided(undecided))? {
                Next::Ended(put) => return Ok(put),
                Next::Ask(next) => request = next,
            }
        }
        Err(self.failed(FailedWrite { failure: WriteFailure::Contended, cause: None }))
    }

    /// Removes the row under `key` if its version is of an epoch before `epoch`: one `DeleteItem`. For rows that no change
    /// will write again because the change that deleted them was lost.
    ///
    /// # Errors
    /// [`TableError`]; never [`TableError::Conflict`] or [`TableError::Incomparable`].
    pub async fn remove_of_older_epoch(&self, key: &str, epoch: u64) -> Result<Removal, TableError> {
        let condition = Condition::All(vec![format::known(FORMAT), Condition::less(VERSION, epoch_text(epoch))]);
        let request = Request { key: Key::of(key), change: Change::Delete, condition };
        match self.writes.write(&self.table, request).await.map_err(|failed| self.failed(failed))? {
            Write::Applied => Ok(Removal::Removed),
            Write::Refused(None) => Ok(Removal::Gone),
            Write::Refused(Some(found)) => {
                let epoch = format::check(&found, FORMAT).and_then(|()| epoch_of(&found).ok_or(Unreadable::Foreign));
                match epoch {
                    Ok(_) => Ok(Removal::Rewritten),
                    Err(unreadable) => Err(TableError::unreadable(&self.table, unreadable)),
                }
            }
        }
    }

    fn failed(&self, failed: FailedWrite) -> TableError {
        TableError::Write { table: self.table.clone(), failed }
    }

    fn undecided(&self, undecided: Undecided) -> TableError {
        match undecided {
            Undecided::Incomparable => TableError::Incomparable { table: self.table.clone() },
            Undecided::Unreadable(unreadable) => TableError::unreadable(&self.table, unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Column;
    use crate::condition::Placeholders;
    use crate::value::text;

    #[test]
    fn a_row_of_250_columns_can_be_updated() {
        let wide = (0..250).fold(Columns::new().with("body", Column::Unchanged), |columns, number| {
            columns.with(format!("a column with a long name, {number}"), text("something"))
        });
        let position = debezium::Position::Lsn { lsn: 9, last_commit: None, read: false };
        let version = RowVersion { epoch: 0, position };
        let write = RowWrite { key: "row", columns: &wide, version: &version, token: "mine".to_owned() };
        let request = write.first();
        let mut placeholders = Placeholders::default();
        assert!(request.condition.expression(&mut placeholders).len() < 4096);
        let Change::Update(update) = request.change else { panic!("a column is unchanged") };
        assert!(update.expression(&mut placeholders).len() < 4096);
    }
}
