//! Keeps the newest version of each document of `cdc.mongodb.users.login` in DynamoDB.

pub mod config;
pub mod document;
pub mod handler;

/// What the function reads of a record's value, whatever schema the value was written with: the document is JSON text in it.
pub type Value = debezium::Change<'static, debezium::types::Json<'static>>;
/// What it reads of a record's key.
pub type Key = document::DocumentKey<'static>;
