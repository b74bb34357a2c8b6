//! A letter as it lies in its store: whole, or with its raw bytes kept in an object of their own.

use serde::{Deserialize, Serialize};

use crate::dead_letter::{DeadLetter, LETTER_VERSION, LetterId};

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
    /// When it is no letter, or one that only a newer version reads: it must be left alone then.
    pub fn read(body: &str) -> Result<Self, UnreadableLetter> {
        match newer(body.as_bytes()) {
            Some(version) => Err(UnreadableLetter::Newer { version }),
            None => serde_json::from_str(body).map_err(UnreadableLetter::NoLetter),
        }
    }

    /// The letter with its raw bytes, given what is in the object that `raw_in` names.
    ///
    /// # Errors
    /// When the object is not this letter's, or a newer version has written it.
    pub fn whole(self, object: &[u8]) -> Result<DeadLetter, ForeignObject> {
        if let Some(version) = newer(object) {
            return Err(ForeignObject::Newer { letter: self.letter.id, version });
        }
        match serde_json::from_slice(object) {
            // What the message says of attempts counts: the object may be an older message's.
            Ok(DeadLetter { id, raw, .. }) if id == self.letter.id => Ok(DeadLetter { raw, ..self.letter }),
            Ok(_) | Err(_) => Err(ForeignObject::OfAnother(self.letter.id)),
        }
    }
}

/// The version of a letter that is newer than this one reads. Whatever else it holds may mean something else by then.
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

/// A text that this version cannot read as a letter.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLetter {
    /// It is none.
    #[error("no dead letter (line {}, column {})", .0.line(), .0.column())]
    NoLetter(#[source] serde_json::Error),
    /// A newer version wrote it.
    #[error(
        "this letter was written by a newer version (format {version}; this one reads up to {LETTER_VERSION}) and is left alone: redrive it with that version"
    )]
    Newer {
        /// The version of its format.
        version: u64,
    },
}

/// An object holds something other than what the letter that points to it can use.
#[derive(Debug, thiserror::Error)]
pub enum ForeignObject {
    /// It is not this letter's.
    #[error("the object does not hold letter {0}")]
    OfAnother(LetterId),
    /// A newer version wrote it.
    #[error(
        "the object of letter {letter} was written by a newer version (format {version}; this one reads up to {LETTER_VERSION}): redrive it with that version"
    )]
    Newer {
        /// Whose it is.
        letter: LetterId,
        /// The version of its format.
        version: u64,
    },
}
