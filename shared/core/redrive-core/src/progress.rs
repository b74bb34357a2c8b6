//! Reports the steps of a run while it goes on.

use crate::report::{Entry, ForeignMessage};

/// Receives each step of a run as it happens.
pub trait Progress: Send + Sync {
    /// This many messages have been collected so far.
    fn collected(&self, messages: usize);
    /// The run is done with letter or document `number` (from 1) of `total`. Every entry is passed here, also those that
    /// do not fit into the report.
    fn settled(&self, number: usize, total: usize, entry: &Entry);
    /// The queue holds a message that is neither a letter nor a document.
    fn foreign(&self, foreign: &ForeignMessage);
}
