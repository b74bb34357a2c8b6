//! The outcome of one letter or document in a run.

use serde::Serialize;

/// The outcome of one letter or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RedriveOutcome {
    /// A listing: nothing was to be done.
    Listed,
    /// A dry run: with `yes` its record would be sent again.
    WouldReplay,
    /// A dry run: with `yes` the decision would be carried out.
    WouldResolve,
    /// Its record is finished, and it was removed.
    Finished,
    /// A person decided that its effect is done, and it was removed.
    TakenForDone,
    /// The function failed again; the letter stays.
    FailedAgain {
        /// Failed redrives so far; 0 for documents, whose attempts are not counted.
        attempts: u32,
        /// The function's error text.
        error: String,
    },
    /// The function answered, but did not confirm that it finished the event; the letter stays. Either the wrong function
    /// was invoked, or a version that does not name letters.
    Unconfirmed {
        /// Redrives so far that did not finish it; 0 for documents, whose attempts are not counted.
        attempts: u32,
        /// What to check.
        error: String,
    },
    /// The function was not invoked; the letter stays as it was.
    NotInvoked {
        /// Why.
        error: String,
    },
    /// The effect may have happened, so a person has to decide, with `resolve`. The letter stays.
    NeedsDecision {
        /// How that is known.
        reason: String,
    },
    /// An earlier letter of its key stays, so this one waits.
    Waits {
        /// The id of the earlier letter.
        behind: String,
    },
    /// It cannot be sent as it is. It stays.
    Refused {
        /// Why.
        reason: String,
    },
    /// Its record is finished, but the letter could not be removed. The next redrive finds a duplicate and removes it.
    NotRemoved {
        /// Why.
        error: String,
    },
    /// The document names records that it does not hold, so a person has to have them delivered again.
    Told {
        /// The instructions, line by line.
        advice: Vec<String>,
    },
    /// Its messages were gone before its turn came: removed, past the queue's retention, or received by another reader.
    /// Nothing was sent.
    Gone,
    /// The run ended before its turn came. It stays as it was.
    NotReached,
}

impl RedriveOutcome {
    /// Its name in reports, counts and logs.
    pub fn name(&self) -> &'static str {
        match self {
            RedriveOutcome::Listed => "listed",
            RedriveOutcome::WouldReplay => "would_replay",
            RedriveOutcome::WouldResolve => "would_resolve",
            RedriveOutcome::Finished => "finished",
            RedriveOutcome::TakenForDone => "taken_for_done",
            RedriveOutcome::FailedAgain { .. } => "failed_again",
            RedriveOutcome::Unconfirmed { .. } => "unconfirmed",
            RedriveOutcome::NotInvoked { .. } => "not_invoked",
            RedriveOutcome::NeedsDecision { .. } => "needs_decision",
            RedriveOutcome::Waits { .. } => "waits",
            RedriveOutcome::Refused { .. } => "refused",
            RedriveOutcome::NotRemoved { .. } => "not_removed",
            RedriveOutcome::Told { .. } => "told",
            RedriveOutcome::Gone => "gone",
            RedriveOutcome::NotReached => "not_reached",
        }
    }

    /// Whether later letters of the same key have to wait.
    pub(crate) fn blocks_later_letters(&self) -> bool {
        match self {
            RedriveOutcome::FailedAgain { .. }
            | RedriveOutcome::Unconfirmed { .. }
            | RedriveOutcome::NotInvoked { .. }
            | RedriveOutcome::NeedsDecision { .. }
            | RedriveOutcome::Waits { .. }
            | RedriveOutcome::Refused { .. }
            // Another run may be sending it at this moment.
            | RedriveOutcome::Gone => true,
            RedriveOutcome::Listed
            | RedriveOutcome::WouldReplay
            | RedriveOutcome::WouldResolve
            | RedriveOutcome::Finished
            | RedriveOutcome::TakenForDone
            | RedriveOutcome::NotRemoved { .. }
            | RedriveOutcome::Told { .. }
            | RedriveOutcome::NotReached => false,
        }
    }

    /// Whether it counts towards `stopAfter`: failures of the function or around it, not letters that wait for a person.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(
            self,
            RedriveOutcome::FailedAgain { .. }
                | RedriveOutcome::Unconfirmed { .. }
                | RedriveOutcome::NotInvoked { .. }
                | RedriveOutcome::Refused { .. }
                | RedriveOutcome::NotRemoved { .. }
        )
    }

    /// Whether a person has to do something about it.
    pub(crate) fn needs_attention(&self) -> bool {
        self.is_failure() || matches!(self, RedriveOutcome::NeedsDecision { .. } | RedriveOutcome::Told { .. })
    }
}
