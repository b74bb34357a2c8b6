//! Reading keys and values: frames, metadata, text, compressed bodies, and waiting for schemas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod frames;
mod inflating;
mod naming;
mod once;
mod waiting;
mod world;
