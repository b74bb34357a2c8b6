//! The newest version of a row wins.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use debezium::{Precedence, RowVersion};
use dynamodb_writes::{Item, Write, text, text_of, write};
use event_runtime::{Effect, OwnerToken};

use crate::attribute::{KEY, WRITE};
use crate::error::TableError;
use crate::version::{Stored, unless_newer};

/// A table of one item a row, whose only key is the text [`KEY`].
#[derive(Debug, Clone)]
pub struct VersionedTable {
    client: Client,
    table: String,
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was newer than what was there, and is there now.
    Applied,
    /// This very version was there already.
    Same,
    /// Something newer was there, and stays.
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

impl VersionedTable {
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        VersionedTable { client, table: table.into() }
    }

    /// Puts `item` under `key` if `version` is strictly newer than the version that is there. One `PutItem`; a refused
    /// one costs a write unit and no read.
    ///
    /// A deleted row is an item too: one without the row's columns, kept with its version for as long as older changes
    /// may still arrive ([`EXPIRES_AT`](crate::attribute::EXPIRES_AT)), or else they would bring the row back.
    ///
    /// # Errors
    /// [`TableError`]; never [`TableError::Conflict`].
    pub async fn put_if_newer(&self, key: &str, mut item: Item, version: &RowVersion) -> Result<Put, TableError> {
        let this_write = OwnerToken::fresh().to_string();
        item.insert(KEY.to_owned(), text(key));
        item.insert(WRITE.to_owned(), text(&this_write));
        Stored::of(version).put(&mut item);
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match write(unless_newer(put, version).send().await) {
            Ok(Write::Applied) => Ok(Put::Applied),
            Ok(Write::Refused(found)) => self.refused(found.unwrap_or_default(), version, &this_write),
            Err(failed) => Err(TableError::Write { table: self.table.clone(), failed }),
        }
    }

    fn refused(&self, found: Item, version: &RowVersion, this_write: &str) -> Result<Put, TableError> {
        if text_of(&found, WRITE) == Some(this_write) {
            // Our own write, whose answer was lost before the SDK sent it again.
            return Ok(Put::Applied);
        }
        match Stored::read(&found).map(|stored| version.compare(&stored)) {
            Some(Precedence::Same) => Ok(Put::Same),
            Some(Precedence::Older) => Ok(Put::Older),
            Some(Precedence::Incomparable) => Err(TableError::Incomparable { table: self.table.clone() }),
            Some(Precedence::Newer) | None => Err(TableError::Foreign { table: self.table.clone() }),
        }
    }
}
