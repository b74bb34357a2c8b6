//! What lies in the queue: collected, and hidden from others while we work on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::on_failure::OnFailure;
use event_runtime::{LetterId, StoredLetter, UnreadableLetter};
use tokio::time::Instant;

use crate::letter::Parked;
use crate::queue::{LetterQueue, Message, QueueError};

/// A queue that gives nothing so often in a row is taken for empty. SQS keeps a queue in many parts; one answer may miss
/// some of them.
const EMPTY_ANSWERS: usize = 3;
/// So many messages are held at most. SQS allows 120,000 in flight.
const MAX_MESSAGES: usize = 20_000;
/// So many bytes of them: a Lambda of the smallest sizes still holds these.
const MAX_BYTES: usize = 48 << 20;

/// What lies in the queue, as far as it could be seen.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub(crate) letters: BTreeMap<LetterId, Parked>,
    /// Documents of an on-failure destination that share the queue.
    pub(crate) documents: Vec<(Message, OnFailure)>,
    /// Anything else, with what is wrong with it.
    pub(crate) foreign: Vec<(Message, String)>,
    /// Why this may not be all.
    pub(crate) incomplete: Option<&'static str>,
    /// Messages that were gone before the run was through with them.
    pub(crate) gone: usize,
    hold: Hold,
}

/// Keeps messages hidden while a run goes on.
#[derive(Debug, Default)]
struct Hold {
    time: Duration,
    renewed: Option<Instant>,
}

impl Catalogue {
    /// Collects everything that is not hidden by somebody else, until `enough` says why to end early. Each message is
    /// hidden for `hold`, and for longer as long as [`Catalogue::keep_hidden`] is called.
    pub(crate) async fn collect(
        &mut self,
        queue: &dyn LetterQueue,
        hold: Duration,
        enough: impl Fn() -> Option<&'static str>,
        mut progress: impl FnMut(usize),
    ) -> Result<(), QueueError> {
        self.hold = Hold { time: hold, renewed: Some(Instant::now()) };
        let (mut empty, mut messages, mut bytes) = (0, 0, 0);
        while empty < EMPTY_ANSWERS {
            if let Some(reason) = enough() {
                self.incomplete = Some(reason);
                break;
            }
            if messages >= MAX_MESSAGES || bytes >= MAX_BYTES {
                self.incomplete = Some("there are more messages than one run holds: run again for the rest");
                break;
            }
            let received = queue.receive(hold).await?;
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
                let parked = Parked::new(stored, message);
                match self.letters.get_mut(&parked.letter().id) {
                    Some(known) => known.merge(parked),
                    None => drop(self.letters.insert(parked.letter().id.clone(), parked)),
                }
                return;
            }
            Err(error) => error,
        };
        self.documents.retain(|(known, _)| known.id != message.id);
        self.foreign.retain(|(known, _)| known.id != message.id);
        match (not_a_letter, OnFailure::read(message.body.as_bytes())) {
            (newer @ UnreadableLetter::Newer { .. }, _) => self.foreign.push((message, newer.to_string())),
            (UnreadableLetter::NoLetter(_), Ok(document)) => self.documents.push((message, document)),
            (not_a_letter @ UnreadableLetter::NoLetter(_), Err(not_a_document)) => {
                self.foreign.push((message, format!("{not_a_letter}; {not_a_document}")));
            }
        }
    }

    /// Hides everything for longer when half of its time is over. To be called between any two steps; a step must take
    /// less than half of the time.
    pub(crate) async fn keep_hidden(&mut self, queue: &dyn LetterQueue) -> Result<(), QueueError> {
        if self.hold.renewed.is_some_and(|renewed| renewed.elapsed() < self.hold.time / 2) {
            return Ok(());
        }
        let gone = queue.hide(&self.receipts(), self.hold.time).await?;
        self.forget(&gone);
        self.hold.renewed = Some(Instant::now());
        Ok(())
    }

    /// Whether a letter is still ours: at least one of its messages is there, and hidden anew for the whole time.
    pub(crate) async fn still_holds(&mut self, queue: &dyn LetterQueue, id: &LetterId) -> Result<bool, QueueError> {
        let receipts = self.letters.get(id).map(Parked::receipts).unwrap_or_default();
        let gone = queue.hide(&receipts, self.hold.time).await?;
        self.forget(&gone);
        Ok(gone.len() < receipts.len())
    }

    /// Messages that are gone. Their letters stay known: what they said is in the report.
    fn forget(&mut self, gone: &[String]) {
        if gone.is_empty() {
            return;
        }
        self.gone += gone.len();
        let gone: BTreeSet<&str> = gone.iter().map(String::as_str).collect();
        for parked in self.letters.values_mut() {
            parked.messages.retain(|(_, receipt)| !gone.contains(receipt.as_str()));
        }
        self.documents.retain(|(message, _)| !gone.contains(message.receipt.as_str()));
        self.foreign.retain(|(message, _)| !gone.contains(message.receipt.as_str()));
    }

    /// Shows everything that is still held to others again.
    pub(crate) async fn give_back(&mut self, queue: &dyn LetterQueue) -> Result<(), QueueError> {
        queue.hide(&self.receipts(), Duration::ZERO).await.map(drop)
    }

    fn receipts(&self) -> Vec<String> {
        let letters = self.letters.values().flat_map(Parked::receipts);
        let documents = self.documents.iter().map(|(message, _)| message.receipt.clone());
        let foreign = self.foreign.iter().map(|(message, _)| message.receipt.clone());
        letters.chain(documents).chain(foreign).collect()
    }
}
