//! The processor's guarantees, with in-memory ports and paused time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod concurrency;
mod dead_lettering;
mod flood;
mod handlers;
mod in_flight;
mod late_claims;
mod logging;
mod outcomes;
mod redrive;
mod waiting;
mod world;
