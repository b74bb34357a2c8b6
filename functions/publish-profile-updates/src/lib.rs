//! Publishes changed profiles of an external API as `user.profile.updated` events.

pub mod api;
pub mod config;
pub mod cursor;
pub mod dead_lettering;
pub mod event;
pub mod handler;
pub mod kafka_login;
pub mod letter;
pub mod outcome;
pub mod profile;
mod publish_page;
pub mod publisher;
pub mod redriven;
pub mod run;
pub mod secret;
pub mod segment;
pub mod wiring;
