//! The messages of the queue: collected, and hidden from other readers during a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_runtime::{LetterId, StoredLetter, UnreadableLetter};
use tokio::time::Instant;

use super::queued_letter::QueuedLetter;
use crate::on_failure::OnFailureDocument;
use crate::ports::{LetterQueue, Message, QueueError};

/// After this many empty answers in a row the queue counts as empty. SQS keeps a queue on many servers, and one answer may
/// miss some of them.
const EMPTY_ANSWERS: usize = 3;
/// The most messages that one run holds. SQS allows 120,000 hidden messages.
const MAX_MESSAGES: usize = 20_000;
/// The most bytes of messages that one run holds, so that they fit into a Lambda with little memory.
const MAX_BYTES: usize = 48 << 20;

/// The messages that the run received and holds.
#[derive(Debug, Default)]
pub(super) struct QueueContents {
    pub(super) letters: BTreeMap<LetterId, QueuedLetter>,
    /// Documents of an on-failure destination that shares the queue.
    pub(super) documents: Vec<(Message, OnFailureDocument)>,
    /// All other messages, with the reason why they cannot be used.
    pub(super) foreign: Vec<(Message, String)>,
    /// Why the queue may hold more.
    pub(super) incomplete: Option<&'static str>,
    /// Messages that were gone before the run was done with them.
    pub(super) gone: usize,
    hiding: Hiding,
}

/// For how long messages are hidden, and since when.
#[derive(Debug, Default)]
struct Hiding {
    time: Duration,
    since: Option<Instant>,
}

impl QueueContents {
    /// Collects all messages that no other reader has hidden, until `stop` gives a reason to end early. Each message is
    /// hidden for `hide_time`, and for longer as long as [`QueueContents::keep_hidden`] is called.
    pub(super) async fn collect(
        &mut self,
        queue: &dyn LetterQueue,
        hide_time: Duration,
        stop: impl Fn() -> Option<&'static str>,
        mut progress: impl FnMut(usize),
    ) -> Result<(), QueueError> {
        self.hiding = Hiding { time: hide_time, since: Some(Instant::now()) };
        let (mut empty, mut messages, mut bytes) = (0, 0, 0);
        while empty < EMPTY_ANSWERS {
            if let Some(reason) = stop() {
                self.incomplete = Some(reason);
                break;
            }
            if messages >= MAX_MESSAGES || bytes >= MAX_BYTES {
                self.incomplete = Some("the queue holds more messages than one run takes: run again for the rest");
                break;
            }
            let received = queue.receive(hide_time).await?;
            empty = if received.is_empty() { empty + 1 } else { 0 };
            for message in received {
                messages += 1;
                bytes += message.body.len();
                self.add(message);
            }
            progress(messages);
            self.keep_hidden(queue).await?;
        }
        Ok(())
    }

    fn add(&mut self, message: Message) {
        let not_a_letter = match StoredLetter::read(&message.body) {
            Ok(stored) => {
                let letter = QueuedLetter::new(stored, message);
                match self.letters.get_mut(&letter.letter().id) {
                    Some(known) => known.merge(letter),
                    None => drop(self.letters.insert(letter.letter().id.clone(), letter)),
                }
                return;
            }
            Err(error) => error,
        };
        self.documents.retain(|(known, _)| known.id != message.id);
        self.foreign.retain(|(known, _)| known.id != message.id);
        match (not_a_letter, OnFailureDocument::read(message.body.as_bytes())) {
            (newer @ UnreadableLetter::Newer { .. }, _) => self.foreign.push((message, newer.to_string())),
            (UnreadableLetter::NoLetter(_), Ok(document)) => self.documents.push((message, document)),
            (not_a_letter @ UnreadableLetter::NoLetter(_), Err(not_a_document)) => {
                self.foreign.push((message, format!("{not_a_letter}; {not_a_document}")));
            }
        }
    }

    /// Hides all messages for longer when half of the time has passed. Call it between any two steps; a step must take less
    /// than half of the time.
    pub(super) async fn keep_hidden(&mut self, queue: &dyn LetterQueue) -> Result<(), QueueError> {
        if self.hiding.since.is_some_and(|since| since.elapsed() < self.hiding.time / 2) {
            return Ok(());
        }
        let gone = queue.hide(&self.receipts(), self.hiding.time).await?;
        self.forget(&gone);
        self.hiding.since = Some(Instant::now());
        Ok(())
    }

    /// Hides the messages of one letter for the whole time again; false when none of them is left.
    pub(super) async fn still_holds(&mut self, queue: &dyn LetterQueue, id: &LetterId) -> Result<bool, QueueError> {
        let receipts = self.letters.get(id).map(QueuedLetter::receipts).unwrap_or_default();
        let gone = queue.hide(&receipts, self.hiding.time).await?;
        self.forget(&gone);
        Ok(gone.len() < receipts.len())
    }

    /// Forgets messages that are gone. Their letters stay known, because the report has them.
    fn forget(&mut self, gone: &[String]) {
        if gone.is_empty() {
            return;
        }
        self.gone += gone.len();
        let gone: BTreeSet<&str> = gone.iter().map(String::as_str).collect();
        for letter in self.letters.values_mut() {
            letter.messages.retain(|(_, receipt)| !gone.contains(receipt.as_str()));
        }
        self.documents.retain(|(message, _)| !gone.contains(message.receipt.as_str()));
        self.foreign.retain(|(message, _)| !gone.contains(message.receipt.as_str()));
    }

    /// Makes all messages that are still held visible again.
    pub(super) async fn show_again(&mut self, queue: &dyn LetterQueue) -> Result<(), QueueError> {
        queue.hide(&self.receipts(), Duration::ZERO).await.map(drop)
    }

    fn receipts(&self) -> Vec<String> {
        let letters = self.letters.values().flat_map(QueuedLetter::receipts);
        let documents = self.documents.iter().map(|(message, _)| message.receipt.clone());
        let foreign = self.foreign.iter().map(|(message, _)| message.receipt.clone());
        letters.chain(documents).chain(foreign).collect()
    }
}
