//! Whole effects by name.

pub(crate) mod append_once;
pub(crate) mod content;
pub(crate) mod into_columns;
pub(crate) mod keep_newest;
