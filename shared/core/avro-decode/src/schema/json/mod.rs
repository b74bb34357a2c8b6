//! Parses JSON as registries hold it: RFC 8259, and what Java's Avro reads in addition.
//!
//! The parser is our own, since others refuse what must not stop a topic: comments, and text with half of a surrogate pair
//! (it reads as U+FFFD). It neither recurses nor builds a tree. A document is a flat list of its values with their places
//! in the text, 16 bytes each, so that nesting cannot exhaust the stack and memory is a small multiple of the text.

mod document;
mod escapes;
mod parse;

pub(crate) use document::{Document, Json, Kind};
