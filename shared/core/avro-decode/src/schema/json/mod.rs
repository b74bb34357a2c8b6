//! JSON as registries hold it: RFC 8259, and what Java's Avro reads beside it.
//!
//! A parser of our own, since others refuse what must not stop a topic: comments, and text with half of a surrogate pair
//! (it reads as U+FFFD). It neither recurses nor builds a tree: a document is a flat list of its values with their places
//! in the text, 16 bytes for each, so that no nesting exhausts the stack and no text takes more than some times its
//! length.

mod document;
mod escapes;
mod parse;

pub(crate) use document::{Document, Json, Kind};
