//! Sends one welcome email to each new account.

pub mod account;
pub mod address;
pub mod config;
pub mod error;
pub mod handler;
pub mod language;
pub mod mailbox;
pub mod mailer;
pub mod message;
pub mod rate_limit;
pub mod ses;
pub mod settings;

/// What the function reads from a record's value.
pub type Value = debezium::Change<'static, account::Account<'static>>;
/// What it reads from a record's key: a primary key of any columns.
pub type Key = avro_decode::Value<'static>;
