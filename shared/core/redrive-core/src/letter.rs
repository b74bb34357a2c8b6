//! One letter as it was found: its messages taken together, and which letters it has to wait for.

use event_runtime::{DeadLetter, StoredLetter};

use crate::queue::Message;

/// A letter with all messages that hold it.
#[derive(Debug, Clone)]
pub(crate) struct Parked {
    pub(crate) stored: StoredLetter,
    /// The queue's ids and receipts of its messages.
    pub(crate) messages: Vec<(String, String)>,
}

/// What has to keep its order: the records of one key in one partition of one function. `None` as a key is a key too:
/// records without one wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Chain {
    function: String,
    topic_partition: String,
    key: Option<Vec<u8>>,
}

impl Parked {
    pub(crate) fn new(stored: StoredLetter, message: Message) -> Self {
        Parked { stored, messages: vec![(message.id, message.receipt)] }
    }

    pub(crate) fn letter(&self) -> &DeadLetter {
        &self.stored.letter
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.letter().redriven.as_ref().map_or(0, |redriven| redriven.attempts)
    }

    pub(crate) fn receipts(&self) -> Vec<String> {
        self.messages.iter().map(|(_, receipt)| receipt.clone()).collect()
    }

    /// Two messages of one id are one letter: the one that knows of more tries, and uncertain if either is.
    pub(crate) fn merge(&mut self, other: Parked) {
        let uncertain = self.letter().error.uncertain || other.letter().error.uncertain;
        for (id, receipt) in other.messages.iter().cloned() {
            match self.messages.iter_mut().find(|(known, _)| *known == id) {
                // Received again, because it was hidden for too short a time: the newer receipt counts.
                Some((_, known)) => *known = receipt,
                None => self.messages.push((id, receipt)),
            }
        }
        let newer = |parked: &Parked| (parked.attempts(), parked.letter().given_up_by.at_ms);
        let claim = self.letter().claim.clone().or_else(|| other.letter().claim.clone());
        if newer(&other) > newer(self) {
            self.stored = other.stored;
        }
        self.stored.letter.claim = self.stored.letter.claim.take().or(claim);
        self.stored.letter.error.uncertain = uncertain;
    }

    /// Where it stands among the others: by function, partition and offset.
    pub(crate) fn position(&self) -> (&str, &str, i64, usize) {
        let letter = self.letter();
        let offset = letter.place.offset.unwrap_or(i64::MAX);
        (&letter.given_up_by.function, &letter.place.topic_partition, offset, letter.place.index)
    }
}

impl Chain {
    /// `None` where nobody can tell the key, because the record could not be read or it is an item: it waits for
    /// nobody.
    pub(crate) fn of(letter: &DeadLetter) -> Option<Self> {
        if letter.raw.json.is_some() || letter.raw.item.is_some() {
            return None;
        }
        let key = letter.raw.key.as_deref().map(|text| match base64_simd::STANDARD.decode_to_vec(text) {
            Ok(key) => unframed(&key).to_vec(),
            Err(_) => text.as_bytes().to_vec(),
        });
        Some(Chain {
            function: letter.given_up_by.function.clone(),
            topic_partition: letter.place.topic_partition.clone(),
            key,
        })
    }
}

/// A key without the frame that names its schema: a new schema must not split a key. Plain text keys have no frame and
/// do not look as if they had one.
fn unframed(key: &[u8]) -> &[u8] {
    match key {
        [0, _, _, _, _, body @ ..] => body,
        [3, 0 | 5, rest @ ..] => rest.get(16..).unwrap_or(key),
        bare => bare,
    }
}
