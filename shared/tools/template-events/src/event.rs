//! The event that this function reads, and what it keeps of it.

use avro_decode::AvroRead;
use dynamodb::Item;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The fields that this function reads; all others are skipped without being decoded.
///
/// Name those that you need, for example `pub revision: i64`. Text is a `String`, or borrows from the record as `&'a str`
/// (and `Event<'a>`). A field that is an `Option` may be null, and missing from some version of the event's schema.
#[derive(Debug, Clone, PartialEq, Eq, AvroRead, Serialize)]
pub struct Event {}

impl Event {
    /// What the event's entry holds beside its keys.
    pub fn attributes(&self) -> Item {
        Item::new()
    }

    /// Digest of what the event says, by which a repetition is told from another event under the same id: SHA-256 of its
    /// serialized form. It counts what the struct names; leave out what is null (`#[serde(skip_serializing_if =
    /// "Option::is_none")]`), or a field that joins later changes the digest of events that do not have it.
    pub fn digest(&self) -> String {
        // Text, numbers and lists of them: nothing in it can fail to become JSON.
        hex::encode(Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }
}
