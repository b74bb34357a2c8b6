//! Reads a datum from its start: primitive encodings, records and unions by a plan's nodes, skipping.

mod bytes;
mod nodes;
mod skip;

pub use bytes::Cursor;
