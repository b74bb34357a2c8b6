//! Sends one welcome email to each new account.

pub mod account;
pub mod address;
pub mod config;
pub mod error;
pub mod language;
pub mod mailer;
pub mod message;
pub mod pace;
pub mod ses;
pub mod welcome;
pub mod wiring;
