//! The bytes of a key that order records: those after its frame.

use crate::frame::{CONFLUENT_FRAME, GLUE_FRAME, prefix};
use crate::{FrameFormat, KeyFormat};

impl KeyFormat {
    /// The key's bytes after its frame, as far as the bytes alone show it: ordered by these, records of one key keep their
    /// order when the key's schema changes. Bytes that are too short for a frame are taken whole, and compressed bytes
    /// stay compressed. Nothing is looked up or inflated for it, so it can be taken before a record's turn.
    pub fn order_key(self, key: &[u8]) -> &[u8] {
        match self {
            KeyFormat::Framed(FrameFormat::Confluent | FrameFormat::Apicurio) => {
                key.get(CONFLUENT_FRAME..).unwrap_or(key)
            }
            KeyFormat::Framed(FrameFormat::Glue) => key.get(GLUE_FRAME..).unwrap_or(key),
            KeyFormat::Framed(FrameFormat::ConfluentHeader) => without_prefixes(key),
            KeyFormat::Framed(FrameFormat::Metadata) | KeyFormat::Text => key,
        }
    }
}

/// A key is bare or has its id in front, depending on a header that is not read here. Every prefix that looks like an id
/// is cut off, so that one key gives the same bytes either way. Two different keys may give the same bytes: then their
/// records wait for each other, which is always safe.
fn without_prefixes(mut key: &[u8]) -> &[u8] {
    while let Some((_, rest)) = prefix(key) {
        key = rest;
    }
    key
}
