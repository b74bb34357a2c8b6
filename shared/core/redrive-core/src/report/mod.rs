//! The report of a run: the outcome of each letter, and the bound on its size.

mod builder;
mod contents;
mod entry;
mod outcome;
mod status;

pub(crate) use builder::ReportBuilder;
pub use contents::{Counts, ForeignMessage, Omitted, Report};
pub use entry::Entry;
pub use outcome::RedriveOutcome;
pub use status::RunStatus;
