//! Hostile inputs cost at most a small multiple of their bytes. Steps, bytes of memory and allocations are counted, never
//! time, so a test has the same result on every machine; `-- --nocapture` prints the tables.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a test that meets a surprise must fail")]

mod bytes;
mod schemas;
mod table;
