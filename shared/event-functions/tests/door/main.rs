//! The door as a function uses it: derives, variables, wiring, records, and the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod derives;
mod manifest;
mod process;
mod records;
mod registry_variables;
mod wiring;
