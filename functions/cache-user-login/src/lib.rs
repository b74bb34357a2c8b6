//! Keeps the newest version of each login document in DynamoDB.

pub mod config;
pub mod document;
pub mod handler;
pub mod table;

/// What the function reads of a record's value, whatever schema the value was written with.
pub type Value = debezium::Change<'static, debezium::types::Json<'static>>;
/// What it reads of a record's key.
pub type Key = document::LoginKey<'static>;
