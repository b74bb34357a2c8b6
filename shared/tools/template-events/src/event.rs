//! The event that this function reads, and the attributes that it stores.

use avro_decode::AvroRead;
use dynamodb::Item;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The fields that this function reads; all others are skipped without being decoded.
///
/// Add the fields that you need, for example `pub revision: i64`. Text is a `String`, or borrows from the record as `&'a str`
/// (and `Event<'a>`). An `Option` may be null, and absent in some version of the event's schema.
#[derive(Debug, Clone, PartialEq, Eq, AvroRead, Serialize)]
pub struct Event {}

impl Event {
    /// The attributes to store beside the keys.
    pub fn attributes(&self) -> Item {
        Item::new()
    }

    /// Digest of the event's content: SHA-256 of its serialized form. It tells a repetition from another event under the same
    /// id. Leave out null fields (`#[serde(skip_serializing_if = "Option::is_none")]`): otherwise a field that you add later
    /// changes the digest of events without it.
    pub fn digest(&self) -> String {
        // Text, numbers and lists of them always become JSON.
        hex::encode(Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }
}
