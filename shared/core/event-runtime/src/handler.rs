//! A function's handler: how it reads a record, what it decides about it, and the effect.

use std::future::Future;

use crate::effect_id::EffectId;
use crate::failure::{Failed, Fault};
use crate::raw_record::RawRecord;

/// What is to be done with a record that could be read; `W` is the work of its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent<W> {
    /// Nothing, on purpose, for a reason from a bounded set.
    Skip(&'static str),
    /// An effect whose own condition refuses what is older or already there.
    Conditional(W),
    /// An effect that cannot be made conditional: it runs under a claim.
    Claimed(EffectId, W),
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
/// The processor calls `read`, then `decide`, and unless that skips, `perform`; each for one record of a partition at
/// a time, in offset order. A failure's [`crate::Disposition`] decides what follows, and each further attempt begins
/// with `read`. Frames are the processor's: it orders keys and names schemas by [`crate::Settings::frames`].
///
/// Where the handler's type is known, rustc cannot prove that a future of [`crate::Processor::process`] is `Send`
/// (rust-lang/rust issue 100013): ask for that where it is still `H: RecordHandler`.
pub trait RecordHandler: Send + Sync + 'static {
    /// What a record means to the function; may borrow from the record's bytes.
    type Read<'de>: Send;
    /// What is to be done about it: owned, so that the effect does not need the record.
    type Work: Send + Sync;

    /// Reads a record. Everything that happens here must be repeatable: a retry reads the record again.
    ///
    /// # Errors
    /// `Retry` where the registry could not be reached, `DeadLetter` where the bytes cannot be read. Name the stage:
    /// `Fault::new(Stage::Decode, …)`.
    fn read<'de>(
        &'de self,
        record: RawRecord<'de>,
    ) -> impl Future<Output = Result<Self::Read<'de>, Fault>> + Send + 'de;

    /// Decides what is to be done with a record. Asks nobody, so that it may be repeated.
    ///
    /// # Errors
    /// A permanent fault of the record, such as a missing key. It counts as one of [`crate::Stage::Decode`].
    fn decide(&self, read: Self::Read<'_>) -> Result<Intent<Self::Work>, Failed>;

    /// Takes the effect. Runs within the configured effect timeout; when that passes the effect is uncertain.
    ///
    /// # Errors
    /// Anything with a [`crate::Disposition`]; an `Uncertain` one parks the record, it is never retried. It counts as
    /// one of [`crate::Stage::Handle`].
    fn perform(&self, work: Self::Work) -> impl Future<Output = Result<Effect, Failed>> + Send;
}
