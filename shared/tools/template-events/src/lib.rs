//! Appends each event of `user.profile.updated` once to a log in DynamoDB.

pub mod config;
pub mod error;
pub mod event;
pub mod handler;

/// What the function reads of a record's value, whatever schema the value was written with.
pub type Value = event::Event;
