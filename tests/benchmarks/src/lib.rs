//! Ways from event bytes to structs, ours beside other libraries', on generated events.
//!
//! Each way decodes the key and the value of every record of an event and hands the structs to a visitor. A test and
//! the benchmark itself check that all of them hand over the same records before anything is timed.

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
mod newest;
mod ours;
mod processor;
mod ways;

pub use alternatives::{ApacheAvro, SerdeAvroFast};
pub use equal::assert_equal_records;
pub use generator::{Framing, Kind, Workload, accounts, users};
pub use hand_written::HandWritten;
pub use model::{Account, AccountSlim, Change, ChangeSlim, Key, Profile, ProfileSlim, Source, Transaction};
pub use newest::{ByHand, KeepsNewest, ThroughDoor};
pub use ours::Compiled;
pub use processor::Processed;
pub use ways::{COPY, NAMES, way};

/// Sees the key and the value of each record. Owned, as a handler of the processor owns what it holds.
pub type Visitor = Box<dyn FnMut(&dyn Decoded, &dyn Decoded) + Send>;

/// One way from an event to structs.
///
/// Values are handed over as `&dyn Decoded`, so that each way may use its own types; the visitor's call is the same for
/// all.
pub trait Way {
    /// Decodes all records of an event.
    fn run(&self, event: &[u8], visit: Visitor);
}

/// A decoded struct that can be shown as JSON, so that ways with different types can be compared.
pub trait Decoded {
    /// All fields, as JSON.
    fn to_json(&self) -> serde_json::Value;
}

impl<T: serde::Serialize> Decoded for T {
    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("plain data")
    }
}
