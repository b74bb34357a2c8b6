//! `redrive-dead-letters`, the real binaries: each kind of letter has its effect once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod command;
mod documents;
mod error_codes;
mod failing;
mod given_up;
mod items;
mod killed;
mod stage;
mod succeeding;
mod uncertain;
