//! Newest version wins: a row is written where its version is newer than the stored one.
//!
//! `table` asks; `row_write` decides which request comes first and what follows a refusal; `version` puts a row's version
//! into attributes that a condition can compare.

mod row_write;
mod table;
mod version;

pub use row_write::Put;
pub use table::{Removal, VersionedTable};
pub use version::epoch_of;
