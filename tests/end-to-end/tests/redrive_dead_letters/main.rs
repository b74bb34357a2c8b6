//! `redrive-dead-letters`, the real binaries: letters of each kind come back to effect, once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod command;
mod documents;
mod failing;
mod items;
mod killed;
mod remedies;
mod returning;
mod stage;
mod uncertain;
