//! Writes each profile update once into an append-only audit log in DynamoDB.

pub mod audit;
pub mod config;
pub mod error;
pub mod log;
pub mod update;

/// What the function reads of a record's value, whatever schema it was written with. The key, a user id as plain text,
/// serves the order alone.
pub type Value = update::ProfileUpdated<'static>;
