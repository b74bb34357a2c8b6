//! One letter of the queue with all its messages, and the key that keeps letters in order.

use event_runtime::{DeadLetter, StoredLetter};

use crate::ports::Message;

/// A letter with all messages that hold it.
#[derive(Debug, Clone)]
pub(super) struct QueuedLetter {
    pub(super) stored: StoredLetter,
    /// The queue's ids and receipts of its messages.
    pub(super) messages: Vec<(String, String)>,
}

/// Letters with the same order key are sent in offset order: the records of one key, in one partition, of one function.
/// Records without a key count as one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OrderKey {
    function: String,
    /// The event's own name of the partition, `topic-partition`.
    topic_partition: String,
    key: Option<Vec<u8>>,
}

impl QueuedLetter {
    pub(super) fn new(stored: StoredLetter, message: Message) -> Self {
        QueuedLetter { stored, messages: vec![(message.id, message.receipt)] }
    }

    pub(super) fn letter(&self) -> &DeadLetter {
        &self.stored.letter
    }

    pub(super) fn attempts(&self) -> u32 {
        self.letter().redriven.as_ref().map_or(0, |redriven| redriven.attempts)
    }

    pub(super) fn receipts(&self) -> Vec<String> {
        self.messages.iter().map(|(_, receipt)| receipt.clone()).collect()
    }

    /// Merges two messages of one letter: the content with more attempts counts, and the letter is uncertain if either
    /// is.
    pub(super) fn merge(&mut self, other: QueuedLetter) {
        let uncertain = self.letter().error.uncertain || other.letter().error.uncertain;
        for (id, receipt) in other.messages.iter().cloned() {
            match self.messages.iter_mut().find(|(known, _)| *known == id) {
                // The same message, received again because it was not hidden long enough: the newer receipt counts.
                Some((_, known)) => *known = receipt,
                None => self.messages.push((id, receipt)),
            }
        }
        let newer = |queued: &QueuedLetter| (queued.attempts(), queued.letter().given_up_by.at_ms);
        let claim = self.letter().claim.clone().or_else(|| other.letter().claim.clone());
        if newer(&other) > newer(self) {
            self.stored = other.stored;
        }
        self.stored.letter.claim = self.stored.letter.claim.take().or(claim);
        self.stored.letter.error.uncertain = uncertain;
    }

    /// Its position in the run: by function, partition and offset.
    pub(super) fn position(&self) -> (&str, &str, i64, usize) {
        let letter = self.letter();
        let offset = letter.place.offset.unwrap_or(i64::MAX);
        (&letter.given_up_by.function, &letter.place.topic_partition, offset, letter.place.index)
    }
}

impl OrderKey {
    /// `None` for a record that could not be read, and for an item: it has no known key, and waits for no other letter.
    pub(super) fn of(letter: &DeadLetter) -> Option<Self> {
        if letter.raw.json.is_some() || letter.raw.item.is_some() {
            return None;
        }
        let key = letter.raw.key.as_deref().map(|text| match base64_simd::STANDARD.decode_to_vec(text) {
            Ok(key) => without_frame(&key).to_vec(),
            Err(_) => text.as_bytes().to_vec(),
        });
        Some(OrderKey {
            function: letter.given_up_by.function.clone(),
            topic_partition: letter.place.topic_partition.clone(),
            key,
        })
    }
}

/// A key without the frame that names its schema: a new schema must not split a key. Keys of plain text have no frame, and
/// do not look like framed ones.
fn without_frame(key: &[u8]) -> &[u8] {
    match key {
        [0, _, _, _, _, body @ ..] => body,
        [3, 0 | 5, rest @ ..] => rest.get(16..).unwrap_or(key),
        bare => bare,
    }
}
