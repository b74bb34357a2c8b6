//! DynamoDB for the runtime: claims, and effects that need no claim because a condition makes them safe to repeat.
//!
//! | part | what it does | one request a record |
//! |---|---|---|
//! | [`claims::DynamoDbClaims`] | the port [`event_runtime::Claims`]: an effect outside DynamoDB happens once for each key | two: claim, complete |
//! | [`VersionedTable::put_if_newer`] | the newest version of a row wins | `PutItem`; `UpdateItem` where a column is [`Column::Unchanged`] |
//! | [`AppendOnlyTable::append_once`] | an event is written once under its id | `TransactWriteItems` of two puts |
//! | [`item!`], [`IntoColumn`] | the columns of an item, from the types that a function reads | |
//! | [`keys`] | how long keys may be, and times that sort as text | |
//! | [`writes`] | how a conditional write of one's own ended | |
//! | `testing` | with the feature of that name: tables in memory instead of DynamoDB | |
//!
//! An effect of the second or third row reads nothing first. The result depends on what was there:
//!
//! | effect | written now | the same was there | a newer version was there | other content under the same id |
//! |---|---|---|---|---|
//! | [`VersionedTable::put_if_newer`] | [`Put::Applied`] | [`Put::Same`] | [`Put::Older`] | |
//! | [`AppendOnlyTable::append_once`] | [`Appended::Now`] | [`Appended::Before`] | | [`TableError::Conflict`] |
//!
//! When the answer to a request is lost, the SDK sends it again. The second request finds the first one's write and counts
//! as applied.
//!
//! The crate's README has tables, rights and costs.

mod append_once;
pub mod attribute;
pub mod claims;
mod column;
mod condition;
mod error;
mod format;
mod into_column;
mod item;
pub mod keys;
#[cfg(feature = "testing")]
mod memory;
mod newest_version;
mod request;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
pub mod writes;

pub use append_once::{AppendOnlyTable, Appended, Entry};
pub use column::{Column, Columns};
pub use error::TableError;
pub use format::FORMAT;
pub use into_column::IntoColumn;
pub use newest_version::{Put, Removal, VersionedTable, epoch_of};
pub use value::{Item, number, text, text_of};
