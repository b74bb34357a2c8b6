//! The door as a function uses it: derives, variables, wiring, records, and the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod appended;
mod bytes;
mod claims;
mod derives;
mod manifest;
mod order;
mod process;
mod records;
mod redrives;
mod registry_variables;
mod wiring;
