//! Errors of effects on a table.

use event_runtime::{Blame, Disposition, Failure};

use crate::format::{FORMAT, Unreadable};
use crate::writes::{FailedWrite, FailureCodes, WriteFailure};

/// An effect on a table failed. No variant holds a value that was to be stored.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// DynamoDB neither wrote nor refused.
    #[error("the table {table} was not written")]
    Write {
        /// The table.
        table: String,
        /// What failed.
        #[source]
        failed: FailedWrite,
    },
    /// The event's id is in the table with other content.
    #[error(
        "the table {table} has an entry of this event id with other content: a producer uses one id for two events, or has changed an event that it had published"
    )]
    Conflict {
        /// The table.
        table: String,
    },
    /// Stored version and new version come from different database logs.
    #[error(
        "the version in the table {table} comes from another database log than the record's: after a failover, a restore or a move to another database, raise the configured epoch"
    )]
    Incomparable {
        /// The table.
        table: String,
    },
    /// The item under this key has a format that this version of the function does not know.
    #[error(
        "the table {table} holds an item of format {format}, written by a newer version of this function; this version reads up to format {FORMAT} and leaves the item alone: deploy the newer version"
    )]
    Format {
        /// The table.
        table: String,
        /// The version of the item's format.
        format: String,
    },
    /// The item under this key was not written by this effect.
    #[error(
        "the table {table} holds an item under this key that this effect did not write: give the function a table of its own, or remove the item"
    )]
    Foreign {
        /// The table.
        table: String,
    },
}

const CODES: FailureCodes = FailureCodes {
    throttled: "table_throttled",
    denied: "table_denied",
    table_missing: "table_missing",
    contended: "table_contended",
    rejected: "item_rejected",
    unavailable: "table_unavailable",
};

impl TableError {
    pub(crate) fn unreadable(table: &str, unreadable: Unreadable) -> Self {
        let table = table.to_owned();
        match unreadable {
            Unreadable::Newer(format) => TableError::Format { table, format },
            Unreadable::Foreign => TableError::Foreign { table },
        }
    }
}

impl Failure for TableError {
    /// Repeating is always safe. So a table that does not answer is a retry, even where the write may have happened, and
    /// so is an item that only a newer deployment can read.
    fn disposition(&self) -> Disposition {
        match self {
            TableError::Write { failed, .. } => match failed.failure {
                WriteFailure::Rejected => Disposition::DeadLetter,
                WriteFailure::Throttled
                | WriteFailure::Denied
                | WriteFailure::TableMissing
                | WriteFailure::Contended
                | WriteFailure::Unavailable => Disposition::Retry { after: None },
            },
            TableError::Format { .. } => Disposition::Retry { after: None },
            TableError::Conflict { .. } | TableError::Incomparable { .. } | TableError::Foreign { .. } => {
                Disposition::DeadLetter
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            TableError::Write { failed, .. } => failed.failure.code(&CODES),
            TableError::Conflict { .. } => "event_conflict",
            TableError::Incomparable { .. } => "version_incomparable",
            TableError::Format { .. } => "item_format_unknown",
            TableError::Foreign { .. } => "item_foreign",
        }
    }

    fn blame(&self) -> Blame {
        match self {
            TableError::Conflict { .. } => Blame::Record,
            TableError::Write { .. }
            | TableError::Incomparable { .. }
            | TableError::Format { .. }
            | TableError::Foreign { .. } => Blame::Deployment,
        }
    }
}
