//! Errors of effects on a table.

use event_runtime::{Blame, Disposition, Failure, FailureCode, FailureResult};

use crate::format::{FORMAT, Unreadable};
use crate::writes::{FailedWrite, FailureCodes, WriteFailure};

/// An effect on a table failed. No variant holds a value that was to be stored.
///
/// Repeating is always safe. So a table that does not answer is a retry, even where the write may have happened, and so is
/// an item that only a newer deployment can read.
#[derive(Debug, Failure)]
pub enum TableError {
    /// DynamoDB neither wrote nor refused.
    #[failure(
        "the table {table} was not written",
        disposition = after_write(failed.failure),
        code = failed.failure.code(&CODES),
        codes = WRITES
    )]
    Write {
        /// The table.
        table: String,
        /// What failed.
        #[source]
        failed: FailedWrite,
    },
    /// The event's id stands in the log with other content.
    #[failure(
        "the table {table} has an entry of this event id with other content: a producer uses one id for two events, or has changed an event that it had published",
        dead_letter,
        code = "event_conflict",
        blame = record,
        remedy = "Compare the letter with the entry, and find the producer that uses one id twice or changes a published event. Have it publish the other content under a new id; end the letter."
    )]
    Conflict {
        /// The table.
        table: String,
    },
    /// Stored version and new version come from different database logs.
    #[failure(
        "the version in the table {table} comes from another database log than the record's: after a failover, a restore or a move to another database, raise the configured epoch",
        dead_letter,
        code = "version_incomparable",
        remedy = "Raise the epoch if the database was restored or replaced, or the table moved here from another one; then redrive."
    )]
    Incomparable {
        /// The table.
        table: String,
    },
    /// The item under this key has a newer format than this version of the function knows, and is left alone.
    #[failure(
        "the table {table} holds an item of format {format}, written by a newer version of this function; this version reads up to format {FORMAT} and leaves the item alone: deploy the newer version",
        retry,
        code = "item_format_unknown",
        remedy = "Deploy the newer version of the function again."
    )]
    Format {
        /// The table.
        table: String,
        /// The version of the item's format.
        format: String,
    },
    /// The item under this key was not written by this effect.
    #[failure(
        "the table {table} holds an item under this key that this effect did not write: give the function a table of its own, or remove the item",
        dead_letter,
        code = "item_foreign",
        remedy = "Give the function a table of its own, or remove the item; then redrive."
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

fn after_write(failure: WriteFailure) -> Disposition {
    match failure {
        WriteFailure::Rejected => Disposition::DeadLetter,
        WriteFailure::Throttled
        | WriteFailure::Denied
        | WriteFailure::TableMissing
        | WriteFailure::Contended
        | WriteFailure::Unavailable => Disposition::Retry { after: None },
    }
}

/// What READMEs say about writes that failed.
const WRITES: &[FailureCode] = &[
    FailureCode {
        result: FailureResult::DeadLetter,
        ..write(
            CODES.rejected,
            "DynamoDB rejects the item: it has more than 400 KB, or the table's keys have another name or type.",
            "Fix the table, then redrive. If the item is too large, have a smaller one sent and end the letter.",
        )
    },
    write(
        CODES.throttled,
        "The table or the account is at its limit.",
        "Wait; if it lasts, raise the table's capacity.",
    ),
    write(CODES.denied, "The role may not write.", "Give it the rights that the function's manifest lists."),
    write(
        CODES.table_missing,
        "The table does not exist in this account and region.",
        "Check the variable that names the table, and the region.",
    ),
    write(CODES.contended, "Another worker is writing the same item.", "Nothing: the next try finds it."),
    write(CODES.unavailable, "DynamoDB did not answer or failed.", "Wait; check the network and the VPC endpoint."),
];

const fn write(code: &'static str, meaning: &'static str, remedy: &'static str) -> FailureCode {
    FailureCode { code, result: FailureResult::Retry, blame: Some(Blame::Deployment), meaning, remedy }
}

impl TableError {
    pub(crate) fn unreadable(table: &str, unreadable: Unreadable) -> Self {
        let table = table.to_owned();
        match unreadable {
            Unreadable::Newer(format) => TableError::Format { table, format },
            Unreadable::Foreign => TableError::Foreign { table },
        }
    }
}
