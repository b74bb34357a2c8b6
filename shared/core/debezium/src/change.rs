//! One change of a row: what happened, and the row before and after it.

use avro_decode::AvroRead;

use crate::source::{Source, Transaction};
use crate::version::RowVersion;

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `c`: inserted. A primary-key change shows as `d` and `c`; the `c` then has the header [`crate::header::OLD_KEY`].
    Create,
    /// `r`: read by a snapshot. Nothing happened to the row. Also a `c` whose source is a snapshot: the transformation
    /// `ReadToInsertEvent` writes these, and so did old MySQL connectors by default.
    Read,
    /// `u`: updated.
    Update,
    /// `d`: deleted.
    Delete,
    /// `t`: the whole table was emptied. No row, no key.
    Truncate,
    /// `m`: a logical message, written to the log by an application. No row.
    Message,
    /// Anything else, also a missing letter (heartbeats, transaction markers).
    Unknown,
}

impl Op {
    /// From the letter in the envelope. That alone does not distinguish an insert from a snapshot's read: [`Change::op`]
    /// does.
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

    #[cfg(feature = "testing")]
    fn letter(self) -> Option<&'static str> {
        match self {
            Op::Create => Some("c"),
            Op::Read => Some("r"),
            Op::Update => Some("u"),
            Op::Delete => Some("d"),
            Op::Truncate => Some("t"),
            Op::Message => Some("m"),
            Op::Unknown => None,
        }
    }
}

/// What the database logs of a row before a change. The record does not contain this, so the caller that reads `before`
/// has to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowImage {
    /// Every column: PostgreSQL with `REPLICA IDENTITY FULL`, MySQL with `binlog_row_image=FULL`.
    Full,
    /// Only the key: PostgreSQL's default. A delete's `before` then has the key and *fabricated* values for the other
    /// columns: empty text, zeros and defaults.
    KeyOnly,
}

/// A record of a table's topic: Debezium's envelope around the function's own row type `T`.
///
/// Everything is optional, so that other records in the topic (heartbeats, transaction markers, logical messages) decode
/// too and can be skipped on purpose. A tombstone has no value, so it does not decode to a `Change`.
///
/// For MongoDB `T` is [`crate::types::Json`]: the document as text.
#[derive(Debug, Clone, PartialEq, AvroRead)]
pub struct Change<'a, T> {
    op: Option<&'a str>,
    before: Option<T>,
    after: Option<T>,
    /// Where in the database it came from.
    pub source: Option<Source<'a>>,
    /// Its transaction, with `provide.transaction.metadata=true`; never in incremental snapshots.
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
    /// Names of removed fields.
    #[avro(rename = "removedFields")]
    pub removed_fields: Option<Vec<&'a str>>,
    /// Changed fields as a JSON document. It writes dates in another form than `after` does.
    #[avro(rename = "updatedFields")]
    pub updated_fields: Option<&'a str>,
}

impl<'a, T> Change<'a, T> {
    /// A change as a test makes one up. `source` says which version of the row it is.
    #[cfg(feature = "testing")]
    pub fn new(op: Op, after: Option<T>, source: Source<'a>) -> Self {
        Change {
            op: op.letter(),
            before: None,
            after,
            source: Some(source),
            transaction: None,
            ts_ms: None,
            update_description: None,
            status: None,
        }
    }

    /// What happened. This is the only place that decides it.
    ///
    /// An insert of a snapshot ([`Source::is_snapshot`]) is a read, because a snapshot must not look like new rows. For
    /// updates and deletes the source does not matter: Debezium never marks them as a snapshot's, and a delete that
    /// counted as a read would bring its row back.
    pub fn op(&self) -> Op {
        match Op::of(self.op) {
            Op::Create if self.source.as_ref().is_some_and(Source::is_snapshot) => Op::Read,
            op => op,
        }
    }

    /// The row after the change; `None` for deletes, and for MongoDB updates of a document that was deleted since.
    ///
    /// Two traps: an unchanged TOASTed column holds a placeholder (read it as [`crate::types::Toasted`]), and MongoDB's
    /// document is looked up later, so it may be newer than the change.
    pub fn after(&self) -> Option<&T> {
        self.after.as_ref()
    }

    /// The same by value.
    pub fn into_after(self) -> Option<T> {
        self.after
    }

    /// The same, taken out: the rest of the change stays.
    pub fn take_after(&mut self) -> Option<T> {
        self.after.take()
    }

    /// The row before the change, if the database logs all of it. `None` with [`RowImage::KeyOnly`], since the connector
    /// then makes up the other columns.
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

    /// Which version of the row this is; see [`RowVersion::compare`]. `None` if the source lacks a field for it.
    pub fn row_version(&self, epoch: u64) -> Option<RowVersion> {
        self.source.as_ref()?.row_version(self.transaction.as_ref(), epoch, self.op() == Op::Read)
    }
}
