//! Publishes changed profiles of an external API as `user.profile.updated` events.

mod accounting;
pub mod api;
pub mod config;
pub mod cursor;
pub mod event;
pub mod kafka_login;
pub mod parked;
pub mod parking;
pub mod profile;
pub mod redriven;
pub mod run;
pub mod secret;
pub mod segment;
pub mod wiring;
