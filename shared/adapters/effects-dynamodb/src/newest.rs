//! The newest version of a row wins.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use debezium::RowVersion;
use dynamodb_writes::{FailedWrite, Write, WriteFailure, text, write};
use event_runtime::{Effect, OwnerToken};

use crate::attribute::{KEY, VERSION};
use crate::columns::Columns;
use crate::condition::{Condition, Placeholders};
use crate::error::TableError;
use crate::format;
use crate::row_write::{Change, Next, Request, RowWrite, Undecided, Update, readable, version_of};
use crate::version::{epoch_of, epoch_text};

/// A table of one item a row, whose only key is the text [`KEY`].
#[derive(Debug, Clone)]
pub struct VersionedTable {
    client: Client,
    table: String,
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now: all of it, or of a change that came late what no newer one has said.
    Applied,
    /// This very version was there already.
    Same,
    /// Something newer was there, and stays.
    Older,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It was gone already.
    Gone,
    /// It has been written since, in this epoch or a higher one, and stays.
    Rewritten,
}

impl From<Put> for Effect {
    fn from(put: Put) -> Self {
        match put {
            Put::Applied => Effect::Done,
            Put::Same | Put::Older => Effect::Duplicate,
        }
    }
}

/// A row that others write between one request and the next, so many times in a row, is left to a later try.
const REQUESTS: usize = 5;

impl VersionedTable {
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        VersionedTable { client, table: table.into() }
    }

    /// Writes a row under `key` if `version` is newer than the version that is there ([`RowVersion::compare`]).
    ///
    /// A row of which the change says everything is put as a whole, by one `PutItem`. One with an
    /// [`Unchanged`](crate::Column::Unchanged) column is updated, by one `UpdateItem`: that column stays as it is, all
    /// others become what the change says. Where no row is there to be updated, or only a tombstone, such a column stays
    /// absent until a change says what it holds.
    ///
    /// A change that comes late, behind newer ones, still gives an unchanged column its value if every newer one left it
    /// unchanged. So whatever the order in which a row's changes come, in the end the row is what the newest of them left.
    ///
    /// A deleted row is written too: without its columns, and kept with its version for as long as older changes may
    /// still arrive ([`EXPIRES_AT`](crate::attribute::EXPIRES_AT)), or else they would bring the row back.
    ///
    /// A refused request costs the write units of one that is applied, and no read.
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

    /// Removes what is under `key` if its version is of an epoch before `epoch`: one `DeleteItem`. For rows that nothing
    /// will ever write again, because what deleted them was lost.
    ///
    /// # Errors
    /// [`TableError`]; never [`TableError::Conflict`] or [`TableError::Incomparable`].
    pub async fn remove_of_older_epoch(&self, key: &str, epoch: u64) -> Result<Removal, TableError> {
        let condition = Condition::All(vec![format::known(), Condition::less(VERSION, epoch_text(epoch))]);
        let mut placeholders = Placeholders::default();
        let condition = condition.expression(&mut placeholders);
        let delete = self.client.delete_item().table_name(&self.table).key(KEY, text(key));
        let delete = delete.condition_expression(condition).return_values_on_condition_check_failure(AllOld);
        let delete = delete.set_expression_attribute_names(placeholders.names());
        let delete = delete.set_expression_attribute_values(placeholders.values());
        match write(delete.send().await).map_err(|failed| self.failed(failed))? {
            Write::Applied => Ok(Removal::Removed),
            Write::Refused(None) => Ok(Removal::Gone),
            Write::Refused(Some(found)) => match readable(&found).map(|()| epoch_of(&found)) {
                Ok(Some(_)) => Ok(Removal::Rewritten),
                Ok(None) => Err(self.undecided(Undecided::Foreign)),
                Err(undecided) => Err(self.undecided(undecided)),
            },
        }
    }

    fn failed(&self, failed: FailedWrite) -> TableError {
        TableError::Write { table: self.table.clone(), failed }
    }

    fn undecided(&self, undecided: Undecided) -> TableError {
        let table = self.table.clone();
        match undecided {
            Undecided::Incomparable => TableError::Incomparable { table },
            Undecided::Foreign => TableError::Foreign { table },
            Undecided::Format(format) => TableError::Format { table, format },
        }
    }
}

/// Every action sees the item as it was before the update, so a column that stays as it is gets the row's version from
/// before, unless it stayed as it was then already.
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
    use crate::columns::Column;

    #[test]
    fn a_wide_row_can_be_updated_too() {
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
