//! From event bytes to structs, side by side with the usual ways, on generated events.
//!
//! Each way decodes the key and the value of every record of an event and hands the structs to a visitor. A test and
//! the benchmark itself check that all of them hand over the same before anything is timed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that meets a surprise must stop"
)]

mod alternatives;
mod equal;
mod generator;
mod hand_written;
mod model;
mod ours;
mod processor;
mod ways;

pub use alternatives::{ApacheAvro, SerdeAvroFast};
pub use equal::assert_equal_records;
pub use generator::{Framing, Kind, Workload, accounts, users};
pub use hand_written::HandWritten;
pub use model::{Account, AccountSlim, Change, ChangeSlim, Key, Profile, ProfileSlim, Source, Transaction};
pub use ours::Compiled;
pub use processor::Processed;
pub use ways::{COPY, NAMES, way};

/// Sees the key and the value of each record.
pub type Visitor<'v> = dyn FnMut(&dyn Told, &dyn Told) + Send + 'v;

/// One way from an event to structs.
///
/// Values are handed over as `&dyn Told`, so that any way may use types of its own; the visitor's call is the same
/// for all.
pub trait Way {
    /// Decodes all records of an event.
    fn run(&self, event: &[u8], visit: &mut Visitor<'_>);
}

/// A decoded struct that can show all it holds, so that ways with types of their own can be compared.
pub trait Told {
    /// All fields, as JSON.
    fn told(&self) -> serde_json::Value;
}

impl<T: serde::Serialize> Told for T {
    fn told(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("plain data")
    }
}
