//! One change of a row.

use avro_decode::AvroRead;

use crate::source::{Source, Transaction};
use crate::version::RowVersion;

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `c`: inserted. A primary-key change shows as `d` and `c`; the `c` then has the header [`crate::header::OLD_KEY`].
    Create,
    /// `r`: read by a snapshot. Nothing happened to the row. Also a `c` whose source is a snapshot: the transformation
    /// `ReadToInsertEvent` writes it, and so did old connectors of MySQL unless told otherwise.
    Read,
    /// `u`: updated.
    Update,
    /// `d`: deleted.
    Delete,
    /// `t`: the whole table was emptied. No row, no key.
    Truncate,
    /// `m`: a logical message, written to the log by an application. No row.
    Message,
    /// Anything else, also nothing at all (heartbeats, transaction markers).
    Unknown,
}

impl Op {
    /// From the letter in the envelope, which alone does not tell an insert from a snapshot's read: [`Change::op`] does.
    fn of(letter: Option<&str>) -> Self {
        match letter {
            Some("c") => Op::Create,
            Some("r") => Op::Read,
            Some("u") => Op::Update,
            Some("d") => Op::Delete,
            Some("t") => Op::Truncate,
            Some("m") => Op::Message,
            Some(_) | None => Op::Unknown,
        }
    }
}

/// What the database logs of a row before a change. The record itself does not say, so whoever reads `before` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowImage {
    /// Every column: PostgreSQL with `REPLICA IDENTITY FULL`, MySQL with `binlog_row_image=FULL`.
    Full,
    /// The key alone: PostgreSQL's default. A delete's `before` then carries the key and *fabricated* values for the
    /// other columns, empty text and zeros and defaults.
    KeyOnly,
}

/// A record of a table's topic: Debezium's envelope around the function's own row type `T`.
///
/// Everything is optional, so that what else may stand in the topic (heartbeats, transaction markers, logical
/// messages) decodes too and can be skipped on purpose. A tombstone has no value and so is no `Change`.
///
/// For MongoDB `T` is [`crate::types::Json`]: the document as text.
#[derive(Debug, Clone, PartialEq, AvroRead)]
pub struct Change<'a, T> {
    op: Option<&'a str>,
    before: Option<T>,
    after: Option<T>,
    /// Where in the database it came from.
    pub source: Option<Source<'a>>,
    /// The transaction that it was part of, with `provide.transaction.metadata=true`; never in incremental snapshots.
    pub transaction: Option<Transaction<'a>>,
    /// When the connector processed it, in milliseconds since 1970.
    pub ts_ms: Option<i64>,
    /// MongoDB: what an update changed.
    #[avro(rename = "updateDescription")]
    pub update_description: Option<UpdateDescription<'a>>,
    /// Transaction markers: `BEGIN` or `END`.
    status: Option<&'a str>,
}

/// MongoDB: what an update changed.
#[derive(Debug, Clone, PartialEq, Eq, AvroRead)]
pub struct UpdateDescription<'a> {
    /// Names of fields that went.
    #[avro(rename = "removedFields")]
    pub removed_fields: Option<Vec<&'a str>>,
    /// Fields that changed, as a JSON document whose dates are written in another form than `after`'s.
    #[avro(rename = "updatedFields")]
    pub updated_fields: Option<&'a str>,
}

impl<'a, T> Change<'a, T> {
    /// What happened; the one place that decides it.
    ///
    /// An insert is a read where [`Source::is_snapshot`] says so: a snapshot must not pass for new rows. Updates and
    /// deletes stay what they are, whatever their source says. Debezium marks none of them as a snapshot's, and were
    /// one marked, a delete that passes for a read would bring its row back.
    pub fn op(&self) -> Op {
        match Op::of(self.op) {
            Op::Create if self.source.as_ref().is_some_and(Source::is_snapshot) => Op::Read,
            op => op,
        }
    }

    /// The row after the change; `None` for deletes, and for MongoDB updates of a document that is gone.
    ///
    /// Mind two traps: an unchanged TOASTed column holds a placeholder (read it as [`crate::types::Toasted`]), and
    /// MongoDB's document is looked up later, so that it may be newer than the change.
    pub fn after(&self) -> Option<&T> {
        self.after.as_ref()
    }

    /// The same by value.
    pub fn into_after(self) -> Option<T> {
        self.after
    }

    /// The row before the change, where the database logs all of it. With [`RowImage::KeyOnly`] there is none: what
    /// the record carries was made up by the connector.
    pub fn before(&self, image: RowImage) -> Option<&T> {
        match image {
            RowImage::Full => self.before.as_ref(),
            RowImage::KeyOnly => None,
        }
    }

    /// Whether this is a heartbeat: a value with a time and nothing else.
    pub fn is_heartbeat(&self) -> bool {
        self.op.is_none() && self.source.is_none() && self.status.is_none()
    }

    /// Whether this is a record of the transaction topic: `BEGIN` or `END`.
    pub fn is_transaction_marker(&self) -> bool {
        self.op.is_none() && self.status.is_some()
    }

    /// Which version of the row this is; see [`RowVersion::compare`]. `None` where the source does not say enough.
    pub fn row_version(&self, epoch: u64) -> Option<RowVersion> {
        self.source.as_ref()?.row_version(self.transaction.as_ref(), epoch, self.op() == Op::Read)
    }
}
