//! The report of a run: one entry for each letter or document, and how the run ended.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entry::Entry;
use super::status::RunStatus;

/// How many entries have which outcome.
pub type Counts = BTreeMap<&'static str, usize>;

/// The report of a run. Its JSON fits into the answer of a Lambda function, however many letters there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How the run ended; `ending` in JSON.
    #[serde(rename = "ending")]
    pub status: RunStatus,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// Entries by outcome, including omitted ones.
    pub counts: Counts,
    /// One for each selected letter or document, as far as they fit.
    pub entries: Vec<Entry>,
    /// Messages that are neither letters nor documents. They are left alone.
    pub foreign: Vec<ForeignMessage>,
    /// What does not fit into the report; `leftOut` in JSON.
    #[serde(rename = "leftOut", skip_serializing_if = "Omitted::is_empty")]
    pub omitted: Omitted,
    /// Messages that were gone before the run was done with them. This is not an error, and nobody has to act on it.
    pub gone: usize,
    /// Why the queue or bucket may hold more than the run saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// How much a report omits, because the answer of a Lambda function is limited to 6 MB. `limit` and the filters select
/// less; the command `redrive` prints everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Omitted {
    /// Entries; the counts include them.
    pub entries: usize,
    /// Entries that are shown without their details.
    pub details: usize,
    /// Messages that are neither letters nor documents.
    pub foreign: usize,
}

impl Omitted {
    fn is_empty(&self) -> bool {
        *self == Omitted::default()
    }
}

/// A message that is neither a letter nor a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignMessage {
    /// The queue's id of the message.
    pub message_id: String,
    /// Why it cannot be used.
    pub reason: String,
}
