//! The steps of a run: over the queue letter by letter, or over documents of an on-failure destination.

mod documents;
mod letter;
mod queue;
mod queue_contents;
mod queued_documents;
mod queued_letter;
mod session;

pub(crate) use documents::run_over_documents;
pub(crate) use queue::run_over_queue;
pub(crate) use session::Session;
