//! What a run has to say: one entry for each letter or document, and how it ended.

use std::collections::BTreeMap;

use event_runtime::DeadLetter;
use serde::Serialize;

/// What became of a letter or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fate {
    /// It is there.
    Listed,
    /// A dry run: with `yes` its record would be sent again.
    WouldReplay,
    /// A dry run: with `yes` the decision would be carried out.
    WouldResolve,
    /// Its record is finished, and it is gone.
    Finished,
    /// Its effect was declared done, and it is gone.
    TakenForDone,
    /// The function failed over it again; it stays.
    FailedAgain {
        /// Failed redrives by now; 0 for documents, which nobody counts.
        attempts: u32,
        /// What the function said.
        error: String,
    },
    /// The function answered, but not that it is finished with this one; it stays. Invoked was the wrong function, or a
    /// version of it that does not say so.
    Unconfirmed {
        /// Redrives that did not finish it by now; 0 for documents, which nobody counts.
        attempts: u32,
        /// What to look at.
        error: String,
    },
    /// The function was not invoked; it stays as it was.
    NotInvoked {
        /// Why.
        error: String,
    },
    /// The effect may have happened: a person decides, with `resolve`. It stays.
    NeedsDecision {
        /// How that is known.
        reason: String,
    },
    /// An earlier letter of its key stays, so this one has to wait.
    Waits {
        /// The id of that letter.
        behind: String,
    },
    /// It cannot be sent as it is. It stays.
    Refused {
        /// Why.
        reason: String,
    },
    /// Its record is finished, but it could not be removed. A later redrive finds a duplicate and removes it.
    NotRemoved {
        /// Why.
        error: String,
    },
    /// The destination was told which records failed, not the records: what to do, line by line.
    Told {
        /// What to do.
        advice: Vec<String>,
    },
    /// Its messages were gone before its turn came: removed, too old for the queue, or in somebody else's hands since.
    /// Nothing was sent.
    Gone,
    /// The run ended before it came to this one. It stays as it was.
    NotReached,
}

impl Fate {
    /// Its bounded name.
    pub fn name(&self) -> &'static str {
        match self {
            Fate::Listed => "listed",
            Fate::WouldReplay => "would_replay",
            Fate::WouldResolve => "would_resolve",
            Fate::Finished => "finished",
            Fate::TakenForDone => "taken_for_done",
            Fate::FailedAgain { .. } => "failed_again",
            Fate::Unconfirmed { .. } => "unconfirmed",
            Fate::NotInvoked { .. } => "not_invoked",
            Fate::NeedsDecision { .. } => "needs_decision",
            Fate::Waits { .. } => "waits",
            Fate::Refused { .. } => "refused",
            Fate::NotRemoved { .. } => "not_removed",
            Fate::Told { .. } => "told",
            Fate::Gone => "gone",
            Fate::NotReached => "not_reached",
        }
    }

    /// Whether later letters of its key have to wait.
    pub(crate) fn stays(&self) -> bool {
        match self {
            Fate::FailedAgain { .. }
            | Fate::Unconfirmed { .. }
            | Fate::NotInvoked { .. }
            | Fate::NeedsDecision { .. }
            | Fate::Waits { .. }
            | Fate::Refused { .. }
            // Somebody else may be about it at this moment.
            | Fate::Gone => true,
            Fate::Listed
            | Fate::WouldReplay
            | Fate::WouldResolve
            | Fate::Finished
            | Fate::TakenForDone
            | Fate::NotRemoved { .. }
            | Fate::Told { .. }
            | Fate::NotReached => false,
        }
    }

    /// Whether it counts towards stopping: failures of the function or around it, not letters that wait for somebody.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(
            self,
            Fate::FailedAgain { .. }
                | Fate::Unconfirmed { .. }
                | Fate::NotInvoked { .. }
                | Fate::Refused { .. }
                | Fate::NotRemoved { .. }
        )
    }

    /// Whether somebody has to do something about it.
    fn asks(&self) -> bool {
        self.is_failure() || matches!(self, Fate::NeedsDecision { .. } | Fate::Told { .. })
    }
}

/// A letter or document, and what became of it. No row data, unless `show` was asked for raw bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The letter's id; of a document, its message's id or its key.
    pub id: String,
    /// The function that gave up.
    pub function: Option<String>,
    /// The topic, where there is one.
    pub topic: Option<String>,
    /// The partition.
    pub partition: Option<i32>,
    /// The offset.
    pub offset: Option<i64>,
    /// Why it was given up.
    pub code: String,
    /// Whether its effect may have happened.
    pub uncertain: bool,
    /// Failed redrives so far.
    pub attempts: u32,
    /// When it was given up, in milliseconds since 1970.
    pub given_up_at_ms: Option<u64>,
    /// What became of it.
    pub fate: Fate,
    /// Everything about it, for `show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

impl Entry {
    pub(crate) fn of(letter: &DeadLetter, fate: Fate) -> Self {
        Entry {
            id: letter.id.to_string(),
            function: Some(letter.given_up_by.function.clone()),
            topic: Some(letter.place.topic.clone()),
            partition: Some(letter.place.partition),
            offset: letter.place.offset,
            code: letter.error.code.clone(),
            uncertain: letter.error.uncertain,
            attempts: letter.redriven.as_ref().map_or(0, |redriven| redriven.attempts),
            given_up_at_ms: Some(letter.given_up_by.at_ms),
            fate,
            details: None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Nothing is left of what was asked for, or nothing was to be changed.
    Complete,
    /// Some letters wait for a person's decision.
    Undecided,
    /// Some letters stay: they failed again or cannot be sent.
    Remaining,
    /// Too many failures in a row: the rest was not tried.
    Stopped,
    /// Time was over before the rest was tried.
    OutOfTime,
    /// The queue could not be worked with any more: the rest was not tried.
    Unreachable,
    /// Somebody asked to stop.
    Interrupted,
}

impl Ending {
    /// The exit code of the command. 2 is for options that cannot be understood, 5 for a queue that cannot be reached.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Complete => 0,
            Ending::Remaining => 1,
            Ending::Undecided => 3,
            Ending::Stopped => 4,
            Ending::Unreachable => 5,
            Ending::OutOfTime => 6,
            Ending::Interrupted => 130,
        }
    }
}

/// How many entries had which fate.
pub type Counts = BTreeMap<&'static str, usize>;

/// What a run has to say. However many letters there were, its JSON is smaller than what Lambda takes for an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it ended.
    pub ending: Ending,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// Entries by fate, also those beyond the ones shown.
    pub counts: Counts,
    /// One for each letter or document that was asked for, as far as there is room.
    pub entries: Vec<Entry>,
    /// Messages that are neither, with what is wrong with them. They are left alone.
    pub foreign: Vec<Foreign>,
    /// What there was no room for.
    #[serde(skip_serializing_if = "LeftOut::is_nothing")]
    pub left_out: LeftOut,
    /// Messages that were gone before the run was through with them: no error, and nothing that anybody has to do.
    pub gone: usize,
    /// Why there may be more than was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// How much a report leaves out, because an answer of Lambda has a size. `limit` and the filters ask for less; the command
/// `redrive` shows everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Entries; they are in the counts.
    pub entries: usize,
    /// Entries that are shown without their details.
    pub details: usize,
    /// Messages that are neither letters nor documents.
    pub foreign: usize,
}

impl LeftOut {
    fn is_nothing(&self) -> bool {
        *self == LeftOut::default()
    }
}

/// A message that is neither a letter nor a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Foreign {
    /// The queue's id of it.
    pub message_id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Bytes of JSON that a report's entries and foreign messages may have together. Lambda takes an answer of 6 MB, and fails
/// the invocation over a larger one when all the work is done.
const ROOM: usize = 4 << 20;

/// A report that is being written: it counts everything and keeps what there is room for.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    counts: Counts,
    entries: Vec<Entry>,
    foreign: Vec<Foreign>,
    left_out: LeftOut,
    bytes: usize,
    remaining: bool,
    undecided: bool,
    waiting: bool,
}

impl Draft {
    pub(crate) fn add(&mut self, entry: Entry) {
        *self.counts.entry(entry.fate.name()).or_default() += 1;
        self.remaining |= entry.fate.is_failure() || matches!(entry.fate, Fate::Told { .. });
        self.undecided |= matches!(entry.fate, Fate::NeedsDecision { .. });
        self.waiting |= matches!(entry.fate, Fate::Waits { .. });
        // Whatever asks for somebody is kept longest.
        let room = if entry.fate.asks() { ROOM } else { ROOM / 2 };
        if self.fits(&entry, room) {
            return self.entries.push(entry);
        }
        let bare = Entry { details: None, ..entry };
        if self.fits(&bare, room) {
            self.left_out.details += 1;
            self.entries.push(bare);
        } else {
            self.left_out.entries += 1;
        }
    }

    pub(crate) fn add_foreign(&mut self, foreign: Foreign) {
        if self.fits(&foreign, ROOM / 2) {
            self.foreign.push(foreign);
        } else {
            self.left_out.foreign += 1;
        }
    }

    /// Whether there is room for something; then it is taken.
    fn fits(&mut self, shown: &impl Serialize, room: usize) -> bool {
        // What cannot be written cannot be answered either.
        let Ok(json) = serde_json::to_vec(shown) else { return false };
        let after = self.bytes + json.len() + 1;
        let fits = after <= room;
        if fits {
            self.bytes = after;
        }
        fits
    }

    pub(crate) fn report(self, dry_run: bool, early: Option<Ending>) -> Report {
        let ending = match early {
            Some(early) => early,
            None if dry_run => Ending::Complete,
            None if self.remaining => Ending::Remaining,
            None if self.undecided => Ending::Undecided,
            None if self.waiting => Ending::Remaining,
            None => Ending::Complete,
        };
        let Draft { counts, entries, foreign, left_out, .. } = self;
        Report { ending, dry_run, counts, entries, foreign, left_out, gone: 0, incomplete: None }
    }
}
