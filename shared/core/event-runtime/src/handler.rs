//! A function's handler: how it reads a record, whether it acts on it, and the effect.

use std::future::Future;

use crate::effect_id::EffectId;
use crate::failure::Fault;
use crate::raw_record::RawRecord;

/// What is to be done with a record that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Nothing, on purpose, for a reason from a bounded set.
    Skip(&'static str),
    /// An effect whose own condition refuses what is older or already there.
    Conditional,
    /// An effect that cannot be made conditional: it runs under a claim.
    Claimed(EffectId),
}

/// The writer schemas of a record: `id:100001`, `guid:…`, `glue:…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriterSchemas {
    /// The key's.
    pub key: Option<String>,
    /// The value's.
    pub value: Option<String>,
}

/// What a conditional effect found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It happened.
    Done,
    /// Its condition refused it: it had happened before, or something newer had.
    Duplicate,
}

/// A function's logic for one record: the only generic on the hot path.
///
/// The processor calls `decode`, then `intent`, and unless that skips, `handle`; each for one record of a partition at
/// a time, in offset order. A failure's [`crate::Disposition`] decides what follows.
pub trait RecordHandler: Sync {
    /// What a record means to the function; may borrow from the record's bytes.
    type Event<'de>: Send + Sync;

    /// Reads a record. Everything that happens here must be repeatable: a retry reads the record again.
    ///
    /// # Errors
    /// `Retry` where the registry could not be reached, `DeadLetter` where the bytes cannot be read.
    fn decode<'de>(
        &'de self,
        record: RawRecord<'de>,
    ) -> impl Future<Output = Result<Self::Event<'de>, Fault>> + Send + 'de;

    /// The part of a raw key that records must share to keep their order, under [`crate::Order::Key`]: the key's bytes
    /// *after* its frame, because a new key schema must not split a key.
    fn order_key<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        key
    }

    /// Names the writer schemas of a record, as far as its frames can be read, for logs and dead letters. Must not fail on
    /// bytes that cannot be read.
    fn schemas(&self, _record: &RawRecord<'_>) -> WriterSchemas {
        WriterSchemas::default()
    }

    /// Decides what is to be done with a record.
    ///
    /// # Errors
    /// A permanent fault of the record, such as a missing key.
    fn intent(&self, event: &Self::Event<'_>) -> Result<Intent, Fault>;

    /// Takes the effect. Runs within the configured effect timeout; when that passes the effect is uncertain.
    ///
    /// # Errors
    /// Anything with a [`crate::Disposition`]; an `Uncertain` one parks the record, it is never retried.
    fn handle(&self, event: &Self::Event<'_>) -> impl Future<Output = Result<Effect, Fault>> + Send;
}
