//! The position in a datum: Avro's primitive encodings, reading by a plan's nodes, skipping.

mod bytes;
mod nodes;
mod skip;

pub use bytes::Cursor;
