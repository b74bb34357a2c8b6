//! A model of the dead-letter queue, which like SQS stores messages, not letters.
//!
//! A letter that is stored twice is two messages. Reading a message means to receive it, which hides it from other
//! readers for a time. The reader with its newest receipt may hide it for longer, show it or remove it; an older
//! receipt changes nothing. A message that is older than the queue's retention is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_runtime::{DeadLetter, LetterId};
use tokio::time::Instant;

/// A record's partition and offset.
pub(crate) type Where = (usize, usize);

/// One message.
struct Message {
    letter: LetterId,
    of: Where,
    body: String,
    sent: Instant,
    hidden_until: Option<Instant>,
    /// The newest receipt.
    receipt: u64,
}

/// A message as a reader gets it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) number: u64,
    pub(crate) receipt: u64,
    pub(crate) body: String,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    messages: BTreeMap<u64, Message>,
    sent: u64,
    received: u64,
}

impl Queue {
    /// Stores a letter as a new message.
    pub(crate) fn send(&mut self, letter: &DeadLetter) {
        // A letter of the runtime can always be written as JSON.
        let body = serde_json::to_string(letter).unwrap_or_default();
        self.sent += 1;
        let message = Message {
            letter: letter.id.clone(),
            of: where_of(letter),
            body,
            sent: Instant::now(),
            hidden_until: None,
            receipt: 0,
        };
        self.messages.insert(self.sent, message);
    }

    /// Deletes messages older than this. Returns the records whose last message was deleted.
    pub(crate) fn expire(&mut self, retention: Duration) -> Vec<Where> {
        let old = |message: &Message| message.sent.elapsed() >= retention;
        if !self.messages.values().any(old) {
            return Vec::new();
        }
        let went: BTreeSet<_> =
            self.messages.values().filter(|message| old(message)).map(|message| message.of).collect();
        self.messages.retain(|_, message| !old(message));
        went.into_iter().filter(|of| !self.holds(*of)).collect()
    }

    /// Whether there is a letter for this record.
    pub(crate) fn holds(&self, of: Where) -> bool {
        self.messages.values().any(|message| message.of == of)
    }

    /// Records that have letters.
    pub(crate) fn records(&self) -> BTreeSet<Where> {
        self.messages.values().map(|message| message.of).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The number of letters, each of which may have several messages.
    pub(crate) fn letters(&self) -> usize {
        self.messages.values().map(|message| &message.letter).collect::<BTreeSet<_>>().len()
    }

    /// Messages that are not hidden.
    pub(crate) fn visible(&self) -> Vec<u64> {
        let now = Instant::now();
        let visible = |message: &Message| message.hidden_until.is_none_or(|until| until <= now);
        self.messages.iter().filter(|(_, message)| visible(message)).map(|(number, _)| *number).collect()
    }

    /// All messages, hidden or not.
    pub(crate) fn all(&self) -> Vec<u64> {
        self.messages.keys().copied().collect()
    }

    /// Gives a message to a reader and hides it from others.
    pub(crate) fn receive(&mut self, number: u64, hide: Duration) -> Option<Received> {
        let message = self.messages.get_mut(&number)?;
        self.received += 1;
        message.receipt = self.received;
        message.hidden_until = Some(Instant::now() + hide);
        Some(Received { number, receipt: message.receipt, body: message.body.clone() })
    }

    fn of_receipt(&self, receipt: u64) -> Option<u64> {
        self.messages.iter().find(|(_, message)| message.receipt == receipt).map(|(number, _)| *number)
    }

    /// Hides a message for longer, or shows it. False when it is gone, or the receipt is not its newest.
    pub(crate) fn hide(&mut self, receipt: u64, hide: Duration) -> bool {
        let until = (!hide.is_zero()).then(|| Instant::now() + hide);
        let message = self.messages.values_mut().find(|message| message.receipt == receipt);
        message.map(|message| message.hidden_until = until).is_some()
    }

    /// Removes a message; an older receipt removes nothing. Returns the record if that was its last message.
    pub(crate) fn remove(&mut self, receipt: u64) -> Option<Where> {
        let message = self.messages.remove(&self.of_receipt(receipt)?)?;
        (!self.holds(message.of)).then_some(message.of)
    }

    /// A removed message comes back: one of the servers missed its removal.
    pub(crate) fn show(&mut self, receipt: u64) {
        self.hide(receipt, Duration::ZERO);
    }
}

/// The place of a letter's record.
pub(crate) fn where_of(letter: &DeadLetter) -> Where {
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    (number(letter.place.partition.into()), number(letter.place.offset.unwrap_or(-1)))
}
