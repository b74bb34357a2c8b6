//! The envelope's `source`: where in its database a change came from.

use avro_decode::AvroRead;

use crate::version::{Position, RowVersion, binlog_number, sequence};

/// The envelope's `source` with the fields of all connectors; those that a connector does not have are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, AvroRead)]
pub struct Source<'a> {
    /// `postgresql`, `mysql`, `mariadb` or `mongodb`.
    pub connector: Option<&'a str>,
    /// The topic prefix.
    pub name: Option<&'a str>,
    /// When the database made the change, in milliseconds since 1970; 0 in MongoDB's snapshots.
    pub ts_ms: Option<i64>,
    /// Whether a snapshot read the row, and where in the snapshot; see [`Source::is_snapshot`].
    pub snapshot: Option<SnapshotMark<'a>>,
    /// Database.
    pub db: Option<&'a str>,
    /// PostgreSQL: schema.
    pub schema: Option<&'a str>,
    /// Table; MongoDB has [`Source::collection`].
    pub table: Option<&'a str>,
    /// MongoDB: collection.
    pub collection: Option<&'a str>,
    /// PostgreSQL: JSON array of two log positions.
    pub sequence: Option<&'a str>,
    /// PostgreSQL: log position; null in incremental snapshots.
    pub lsn: Option<i64>,
    /// MySQL: the server that logged the change; 0 in snapshots.
    pub server_id: Option<i64>,
    /// MySQL: binlog file.
    pub file: Option<&'a str>,
    /// MySQL: position in the file.
    pub pos: Option<i64>,
    /// MySQL: row within the event.
    pub row: Option<i32>,
    /// MongoDB: the number of the change within a second of the cluster's time, from 1; 0 in snapshots.
    pub ord: Option<i32>,
}

/// What `source.snapshot` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub enum SnapshotMark<'a> {
    /// `false` for streamed changes; `true`, `first`, `first_in_data_collection`, `last_in_data_collection`, `last` and
    /// `incremental` for reads of a snapshot.
    Word(&'a str),
    /// As Debezium wrote it before 0.10; topics may still hold such records.
    Flag(bool),
}

/// The envelope's `transaction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct Transaction<'a> {
    /// PostgreSQL: `<transaction id>:<lsn of this change>`, so it is different for each change of a transaction.
    pub id: &'a str,
    /// Order among all changes of the transaction, from 1.
    pub total_order: i64,
}

impl Source<'_> {
    /// Whether a snapshot read the row. Any word except `false` means so, even an unknown one: taking it for a streamed
    /// change would turn a whole snapshot into new rows.
    ///
    /// To find out what happened call [`Change::op`](crate::Change::op), which takes this into account.
    pub fn is_snapshot(&self) -> bool {
        !matches!(self.snapshot, None | Some(SnapshotMark::Word("false") | SnapshotMark::Flag(false)))
    }

    /// The version of the row, which decides which of two changes is newer. `None` if the source lacks a field for it.
    /// `read` is whether a snapshot read the row.
    pub(crate) fn row_version(
        &self,
        transaction: Option<&Transaction<'_>>,
        epoch: u64,
        read: bool,
    ) -> Option<RowVersion> {
        let position = match self.connector? {
            "postgresql" => {
                let sequence = self.sequence.and_then(sequence);
                let lsn = self.lsn.and_then(|lsn| u64::try_from(lsn).ok()).or(sequence.map(|(_, lsn)| lsn))?;
                Position::Lsn { lsn, last_commit: sequence.and_then(|(last_commit, _)| last_commit), read }
            }
            "mysql" | "mariadb" => Position::Binlog {
                server_id: u64::try_from(self.server_id?).ok()?,
                file: binlog_number(self.file?)?,
                position: u64::try_from(self.pos?).ok()?,
                row: self.row.and_then(|row| u64::try_from(row).ok()).unwrap_or(0),
                read,
            },
            "mongodb" => Position::ChangeStream {
                ts_ms: u64::try_from(self.ts_ms?).ok()?,
                ord: u64::try_from(self.ord?).ok()?,
                total_order: transaction.and_then(|inside| u64::try_from(inside.total_order).ok()).unwrap_or(0),
            },
            _ => return None,
        };
        Some(RowVersion { epoch, position })
    }
}
