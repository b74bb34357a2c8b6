//! Keeps the newest version of each row of `cdc.postgres.public.accounts` in DynamoDB.

pub mod config;
pub mod handler;
pub mod row;

/// What the function reads of a record's value, whatever schema the value was written with.
pub type Value = debezium::Change<'static, row::Row>;
/// What it reads of a record's key: a primary key of any columns.
pub type Key = avro_decode::Value<'static>;
