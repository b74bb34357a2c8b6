//! Why an effect could not be had, and what that proves.

use dynamodb_writes::{FailedWrite, WriteFailure};
use event_runtime::{Blame, Disposition, Failure};

/// An effect on a table failed. None of these holds a value that was to be stored.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// DynamoDB neither wrote nor refused.
    #[error("the table {table} was not written")]
    Write {
        /// The table.
        table: String,
        /// What DynamoDB said.
        #[source]
        failed: FailedWrite,
    },
    /// The event's id is taken by an event that says something else.
    #[error(
        "the table {table} has an entry of this event id with other content; a producer uses an id twice or changes what it has published"
    )]
    Conflict {
        /// The table.
        table: String,
    },
    /// Stored version and new version do not come from the same log.
    #[error(
        "the version in the table {table} comes from another log than the record's: after a failover, a restore or a move to another database, raise the configured epoch"
    )]
    Incomparable {
        /// The table.
        table: String,
    },
    /// What is under this key is written in a format that this version of the function does not know.
    #[error(
        "the table {table} holds an item of format {format}, which a newer version of this function wrote; this one knows up to {known} and leaves it alone: deploy the newer one",
        known = crate::FORMAT
    )]
    Format {
        /// The table.
        table: String,
        /// The version of the item's format.
        format: String,
    },
    /// Something else is under this key.
    #[error(
        "the table {table} holds an item under this key that this effect did not write; it must have the table to itself"
    )]
    Foreign {
        /// The table.
        table: String,
    },
}

impl Failure for TableError {
    /// Repeating is always safe, so a table that cannot be asked is a retry, even where the write may have happened; and
    /// so is an item that only a newer deployment can judge.
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
            TableError::Write { failed, .. } => match failed.failure {
                WriteFailure::Throttled => "table_throttled",
                WriteFailure::Denied => "table_denied",
                WriteFailure::TableMissing => "table_missing",
                WriteFailure::Contended => "table_contended",
                WriteFailure::Rejected => "item_rejected",
                WriteFailure::Unavailable => "table_unavailable",
            },
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
