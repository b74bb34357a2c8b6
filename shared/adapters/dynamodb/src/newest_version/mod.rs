//! Newest version wins: a row is written where its version is newer than the stored one.
//!
//! `table` sends the requests; `row_write` decides which request comes first and what follows a refusal; `version` puts a
//! row's version into attributes that a condition can compare; `columns` is what a change contains of a row.

mod columns;
mod row_write;
mod table;
mod version;

pub use columns::{Column, Columns};
pub use row_write::Put;
pub use table::{Removal, VersionedTable};
pub use version::epoch_of;
