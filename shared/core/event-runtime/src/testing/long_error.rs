//! An error with very long texts and many causes, for tests of how errors are cut.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::failure::{Blame, Disposition, Failure};

/// An error that writes its number and a text piece by piece, as do its causes. It counts the pieces that were written:
/// the cost of printing it.
#[derive(Debug)]
pub struct LongError {
    number: usize,
    piece: Arc<str>,
    pieces: usize,
    written: Arc<AtomicUsize>,
    cause: Option<Box<LongError>>,
}

impl LongError {
    /// An error with `causes` causes, each of which writes its number and then `piece`, `pieces` times. No two texts
    /// are the same.
    pub fn new(piece: &str, pieces: usize, causes: usize) -> Self {
        let (piece, written) = (Arc::<str>::from(piece), Arc::<AtomicUsize>::default());
        let of = |number, cause| {
            let (piece, written) = (Arc::clone(&piece), Arc::clone(&written));
            LongError { number, piece, pieces, written, cause }
        };
        (0..causes).rev().fold(of(causes, None), |error, number| of(number, Some(Box::new(error))))
    }

    /// The number of pieces that this error and its causes have written so far.
    pub fn written(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.written)
    }
}

impl fmt::Display for LongError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}: ", self.number)?;
        (0..self.pieces).try_for_each(|_| {
            self.written.fetch_add(1, Ordering::Relaxed);
            f.write_str(&self.piece)
        })
    }
}

impl Error for LongError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Drop for LongError {
    /// Drops the causes one after the other: a long chain must not overflow the stack.
    fn drop(&mut self) {
        let mut next = self.cause.take();
        while let Some(mut error) = next {
            next = error.cause.take();
        }
    }
}

impl Failure for LongError {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "long_error"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}
