//! The table: sends the requests of a [`RowWrite`], and removes rows of an older epoch.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use debezium::RowVersion;
use event_runtime::OwnerToken;

use crate::attribute::{KEY, VERSION};
use crate::condition::{Condition, Placeholders};
use crate::error::TableError;
use crate::format::{self, FORMAT, Unreadable};
use crate::newest_version::columns::Columns;
use crate::newest_version::row_write::{Change, Next, Put, Request, RowWrite, Undecided, Update, version_of};
use crate::newest_version::version::{epoch_of, epoch_text};
use crate::value::text;
use crate::writes::{FailedWrite, Write, WriteFailure, write};

/// A table of one item a row, whose only key is the text [`KEY`].
#[derive(Debug, Clone)]
pub struct VersionedTable {
    client: Client,
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
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        VersionedTable { client, table: table.into() }
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
            let found = match self.ask(key, request).await.map_err(|failed| self.failed(failed))? {
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

    async fn ask(&self, key: &str, request: Request) -> Result<Write, FailedWrite> {
        let mut placeholders = Placeholders::default();
        let condition = request.condition.expression(&mut placeholders);
        match request.change {
            Change::Put(item) => {
                let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
                let put = put.condition_expression(condition).return_values_on_condition_check_failure(AllOld);
                let put = put.set_expression_attribute_names(placeholders.names());
                write(put.set_expression_attribute_values(placeholders.values()).send().await)
            }
            Change::Update(update) => {
                let expression = update_expression(update, &mut placeholders);
                let update = self.client.update_item().table_name(&self.table).key(KEY, text(key));
                let update = update.update_expression(expression).condition_expression(condition);
                let update = update.return_values_on_condition_check_failure(AllOld);
                let update = update.set_expression_attribute_names(placeholders.names());
                write(update.set_expression_attribute_values(placeholders.values()).send().await)
            }
        }
    }

    /// Removes the row under `key` if its version is of an epoch before `epoch`: one `DeleteItem`. For rows that no change
    /// will write again because the change that deleted them was lost.
    ///
    /// # Errors
    /// [`TableError`]; never [`TableError::Conflict`] or [`TableError::Incomparable`].
    pub async fn remove_of_older_epoch(&self, key: &str, epoch: u64) -> Result<Removal, TableError> {
        let condition = Condition::All(vec![format::known(FORMAT), Condition::less(VERSION, epoch_text(epoch))]);
        let mut placeholders = Placeholders::default();
        let condition = condition.expression(&mut placeholders);
        let delete = self.client.delete_item().table_name(&self.table).key(KEY, text(key));
        let delete = delete.condition_expression(condition).return_values_on_condition_check_failure(AllOld);
        let delete = delete.set_expression_attribute_names(placeholders.names());
        let delete = delete.set_expression_attribute_values(placeholders.values());
        match write(delete.send().await).map_err(|failed| self.failed(failed))? {
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

/// Every action sees the item as it was before the update. So a column that stays as it is gets the row's version before
/// the update, unless it has an older one already.
fn update_expression(update: Update, placeholders: &mut Placeholders) -> String {
    let Update { set, remove, keep } = update;
    let set = set.into_iter().map(|(name, value)| {
        let name = placeholders.name(&name);
        format!("{name}={}", placeholders.value(value))
    });
    let mut set: Vec<_> = set.collect();
    let version = placeholders.name(VERSION);
    set.extend(keep.iter().map(|column| {
        let of_column = placeholders.name(&version_of(column));
        format!("{of_column}=if_not_exists({of_column},{version})")
    }));
    let remove: Vec<_> = remove.iter().map(|name| placeholders.name(name)).collect();
    let mut expression = format!("SET {}", set.join(","));
    if !remove.is_empty() {
        expression.push_str(&format!(" REMOVE {}", remove.join(",")));
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::newest_version::columns::Column;

    #[test]
    fn a_row_of_250_columns_can_be_updated() {
        let wide = (0..250).fold(Columns::new().with("bio", Column::Unchanged), |columns, number| {
            columns.with(format!("a column with a long name, {number}"), text("something"))
        });
        let position = debezium::Position::Lsn { lsn: 9, last_commit: None, read: false };
        let version = RowVersion { epoch: 0, position };
        let write = RowWrite { key: "row", columns: &wide, version: &version, token: "mine".to_owned() };
        let request = write.first();
        let mut placeholders = Placeholders::default();
        assert!(request.condition.expression(&mut placeholders).len() < 4096);
        let Change::Update(update) = request.change else { panic!("a column is unchanged") };
        assert!(update_expression(update, &mut placeholders).len() < 4096);
    }
}
