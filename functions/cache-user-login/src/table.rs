//! The table of login rows in DynamoDB: one item a document, and an index by user and time.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use dynamodb::keys::{Precision, sortable_time};
use dynamodb::{Columns, Put, TableError, VersionedTable, attribute, number, text};
use event_runtime::{Clock, SystemClock};

use crate::document::Row;
use crate::handler::Logins;

/// The index that answers "last login of a user": partition [`USER`], sort [`AT`].
pub const BY_USER: &str = "by_user";
/// Who logged in; absent in tombstones, so the index does not contain them.
pub const USER: &str = "user";
/// When, as text that sorts like the time: `2026-01-14T06:02:32.971Z`.
pub const AT: &str = "at";
/// From where.
pub const IP: &str = "ip";
/// With what.
pub const USER_AGENT: &str = "user_agent";
/// Marks a tombstone: when the document was deleted, in milliseconds since 1970.
pub const DELETED_AT: &str = "deleted_at";

/// [`Logins`] in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoDbLogins {
    table: VersionedTable,
    tombstone_retention: Duration,
}

impl DynamoDbLogins {
    /// The table of that name; a tombstone is kept for `tombstone_retention` after it was written.
    pub fn new(client: Client, table: &str, tombstone_retention: Duration) -> Self {
        DynamoDbLogins { table: VersionedTable::new(client, table), tombstone_retention }
    }

    fn columns(&self, row: &Row) -> Columns {
        match &row.login {
            Some(login) => {
                let at = login.at.map(|at| sortable_time(at, Precision::Milliseconds));
                let columns = [(USER, &login.user), (AT, &at), (IP, &login.ip), (USER_AGENT, &login.user_agent)];
                columns
                    .into_iter()
                    .fold(Columns::new(), |columns, (name, value)| columns.with(name, value.as_ref().map(text)))
            }
            None => {
                let expires_at = SystemClock.now().plus(self.tombstone_retention).0 / 1000;
                Columns::new()
                    .with(DELETED_AT, number(row.changed_at_ms))
                    .with(attribute::EXPIRES_AT, number(expires_at))
            }
        }
    }
}

impl Logins for DynamoDbLogins {
    async fn keep(&self, row: &Row) -> Result<Put, TableError> {
        self.table.put_if_newer(&row.id, self.columns(row), &row.version).await
    }
}
