//! Effects on DynamoDB that their own condition makes safe to repeat: the newest version wins, or append once.
//!
//! Both take one request a record, read nothing, and need no claim:
//!
//! | effect | request | a repetition | something newer was there | other content under the same id |
//! |---|---|---|---|---|
//! | [`VersionedTable::put_if_newer`] | `PutItem`; `UpdateItem` where a column is [`Column::Unchanged`] | [`Put::Same`] | [`Put::Older`] | |
//! | [`AppendOnlyTable::append_once`] | `TransactWriteItems` of two puts | [`Appended::Before`] | | [`TableError::Conflict`] |
//!
//! A request whose answer was lost is sent again by the SDK; it then finds its own write and counts as applied.
//!
//! See the crate's README for tables, rights and costs.

mod append;
mod columns;
mod condition;
mod error;
mod format;
mod newest;
mod row_write;
mod version;

pub use append::{AppendOnlyTable, Appended, Entry};
pub use columns::{Column, Columns};
pub use dynamodb_writes::{Item, number, text};
pub use error::TableError;
pub use format::FORMAT;
pub use newest::{Put, Removal, VersionedTable};
pub use version::epoch_of;

/// Names of the attributes that these effects write beside the function's own.
pub mod attribute {
    /// Partition key, text.
    pub const KEY: &str = "pk";
    /// Sort key of append-only tables, text.
    pub const SORT: &str = "sk";
    /// The row's version, as text that sorts like it.
    pub const VERSION: &str = "version";
    /// The log in which that version counts.
    pub const VERSION_LOG: &str = "version_log";
    /// PostgreSQL: the last commit before it.
    pub const VERSION_COMMIT: &str = "version_commit";
    /// Followed by a column's name: the version of the change that the column's value is from, as text that sorts like
    /// it, where that is an older one than the row's; `-` where no change has said yet what the column holds.
    pub const VERSION_OF: &str = "version#";
    /// The version of the format that the item is written in; 1 where it is absent.
    pub const FORMAT: &str = "format";
    /// Names the request that wrote the item, so that a repetition of that request knows its own work.
    pub const WRITE: &str = "write";
    /// Digest of an entry's content.
    pub const CONTENT: &str = "content";
    /// The table's TTL attribute, in seconds since 1970.
    pub const EXPIRES_AT: &str = "expires_at";
}
