//! A letter as it lies in its store: whole, or with its raw bytes kept in an object of their own.

use serde::{Deserialize, Serialize};

use crate::letter::{DeadLetter, LetterId};

/// A letter as it is stored: whole, or with its raw bytes kept in an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLetter {
    /// The letter. Its `raw` is empty while `raw_in` names an object.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// Where the raw bytes are, if they are not in the message. The object holds the whole letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_in: Option<ObjectAddress>,
}

/// An object in a store of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectAddress {
    /// The bucket.
    pub bucket: String,
    /// The key in it.
    pub key: String,
    /// The object's size in bytes.
    pub bytes: usize,
}

impl StoredLetter {
    /// Reads its JSON.
    ///
    /// # Errors
    /// When it is no letter.
    pub fn read(body: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }

    /// The letter with its raw bytes, given what is in the object that `raw_in` names.
    ///
    /// # Errors
    /// When the object is not this letter's.
    pub fn whole(self, object: &[u8]) -> Result<DeadLetter, ForeignObject> {
        match serde_json::from_slice(object) {
            // What the message says of attempts counts: the object may be an older message's.
            Ok(DeadLetter { id, raw, .. }) if id == self.letter.id => Ok(DeadLetter { raw, ..self.letter }),
            Ok(_) | Err(_) => Err(ForeignObject(self.letter.id)),
        }
    }
}

/// An object holds something other than the letter that points to it.
#[derive(Debug, thiserror::Error)]
#[error("the object does not hold letter {0}")]
pub struct ForeignObject(LetterId);
