//! A dead letter as it is stored: complete in its message, or with the raw bytes in an object beside it.

use serde::{Deserialize, Serialize};

use crate::dead_letter::{DeadLetter, LETTER_VERSION, LetterId};

/// A dead letter as it is stored: complete in its message, or with the raw bytes in an object beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLetter {
    /// The letter. Its `raw` is empty while `raw_in` names an object.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// The object with the raw bytes, if they are not in the message. It contains the whole letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_in: Option<ObjectAddress>,
}

/// The address of an object in a store of objects.
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
    /// Parses a message's JSON.
    ///
    /// # Errors
    /// When the text is not a letter, or is one that only a newer version can read: then it must not be changed.
    pub fn read(body: &str) -> Result<Self, UnreadableLetter> {
        match newer(body.as_bytes()) {
            Some(version) => Err(UnreadableLetter::Newer { version }),
            None => serde_json::from_str(body).map_err(UnreadableLetter::NoLetter),
        }
    }

    /// The letter with its raw bytes, from the content of the object that `raw_in` names.
    ///
    /// # Errors
    /// When the object belongs to another letter, or a newer version wrote it.
    pub fn whole(self, object: &[u8]) -> Result<DeadLetter, ForeignObject> {
        if let Some(version) = newer(object) {
            return Err(ForeignObject::Newer { letter: self.letter.id, version });
        }
        match serde_json::from_slice(object) {
            // The message's count of redrives is used: the object may belong to an older message of the letter.
            Ok(DeadLetter { id, raw, .. }) if id == self.letter.id => Ok(DeadLetter { raw, ..self.letter }),
            Ok(_) | Err(_) => Err(ForeignObject::OfAnother(self.letter.id)),
        }
    }
}

/// The version of a letter, if it is newer than this code can read. Its other fields may have another meaning by then.
fn newer(json: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
        #[serde(rename = "id")]
        _id: LetterId,
    }
    let Versioned { version, .. } = serde_json::from_slice(json).ok()?;
    (version > u64::from(LETTER_VERSION)).then_some(version)
}

/// A text that cannot be read as a letter.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLetter {
    /// The text is not a dead letter.
    #[error("the text is not a dead letter (line {}, column {})", .0.line(), .0.column())]
    NoLetter(#[source] serde_json::Error),
    /// A newer version wrote it.
    #[error(
        "the letter was written by a newer version (format {version}; this version reads up to {LETTER_VERSION}) and stays in the queue: redrive it with that version"
    )]
    Newer {
        /// The version of its format.
        version: u64,
    },
}

/// The object that a letter names cannot be used for it.
#[derive(Debug, thiserror::Error)]
pub enum ForeignObject {
    /// The object does not contain this letter.
    #[error("the object does not contain letter {0}")]
    OfAnother(LetterId),
    /// A newer version wrote it.
    #[error(
        "the object of letter {letter} was written by a newer version (format {version}; this version reads up to {LETTER_VERSION}): redrive it with that version"
    )]
    Newer {
        /// The letter that names the object.
        letter: LetterId,
        /// The version of its format.
        version: u64,
    },
}
