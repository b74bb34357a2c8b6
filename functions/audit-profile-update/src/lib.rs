//! Writes each profile update once into an append-only audit log in DynamoDB.

pub mod audit_log;
pub mod config;
pub mod error;
pub mod event;
pub mod handler;

/// What the function reads of a record's value, whatever schema the value was written with. The key, a user id as plain
/// text, only orders records.
pub type Value = event::ProfileUpdated<'static>;
