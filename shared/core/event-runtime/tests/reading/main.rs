//! Keys and values out of their bytes: frames, metadata, text, and what is waited for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod frames;
mod inflating;
mod once;
mod waiting;
mod world;
