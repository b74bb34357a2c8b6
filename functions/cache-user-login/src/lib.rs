//! Keeps the newest version of each login document in DynamoDB.

pub mod cache;
pub mod config;
pub mod login;
pub mod table;

/// What the function reads of a record's value, whatever schema it was written with.
pub type Value = debezium::Change<'static, debezium::types::Json<'static>>;
/// What it reads of a record's key.
pub type Key = login::LoginKey<'static>;
