//! What an author writes: a handler of changes, of events or of records, and what it decides.

pub(crate) mod change;
pub(crate) mod change_handler;
pub(crate) mod decision;
pub(crate) mod document;
pub(crate) mod event;
pub(crate) mod event_handler;
pub(crate) mod guard;
pub(crate) mod headers;
pub(crate) mod row_key;
pub(crate) mod task;
