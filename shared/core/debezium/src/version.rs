//! Decides which of two changes of one row is newer.
//!
//! Kafka offsets cannot: a connector that restarts emits older changes again, at higher offsets. The position in the
//! database's own log can.

use std::cmp::Ordering;

/// Where a change stands in its database's log.
///
/// Compare only versions of the same row: row locks are the reason why log positions order them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowVersion {
    /// Configured, and compared first: raised after a failover or a restore, when log positions start again.
    pub epoch: u64,
    /// The position itself.
    pub position: Position,
}

/// A log position, by database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// PostgreSQL.
    Lsn {
        /// `source.lsn`, or the second of `source.sequence` where that is null (incremental snapshots).
        lsn: u64,
        /// The first of `source.sequence`: the last commit before this record.
        last_commit: Option<u64>,
        /// Read by a snapshot rather than from the log.
        read: bool,
    },
    /// MySQL and MariaDB.
    Binlog {
        /// Positions of different servers do not compare; 0 in snapshots, which compare with all.
        server_id: u64,
        /// The number at the end of the file's name.
        file: u64,
        /// Position in the file.
        position: u64,
        /// Row within the event.
        row: u64,
        /// Read by a snapshot rather than from the log.
        read: bool,
    },
    /// MongoDB. Snapshot reads are all zero.
    ChangeStream {
        /// `source.ts_ms`: the primary's wall clock.
        ts_ms: u64,
        /// `source.ord`: the number of the change within a second of the cluster's time, from 1. The record has no
        /// field for the second itself.
        ord: u64,
        /// `transaction.total_order`, 0 outside of transactions.
        total_order: u64,
    },
}

/// How one version compares to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// It happened after the other.
    Newer,
    /// It happened before the other.
    Older,
    /// The same change, emitted again: not newer.
    Same,
    /// Undecidable: different databases or servers.
    Incomparable,
}

impl From<Ordering> for Precedence {
    fn from(ordering: Ordering) -> Self {
        match ordering {
            Ordering::Greater => Precedence::Newer,
            Ordering::Less => Precedence::Older,
            Ordering::Equal => Precedence::Same,
        }
    }
}

impl RowVersion {
    /// How this version of a row, which has just arrived, compares to another version of the same row, which is stored.
    ///
    /// Where the log position does not decide, the order of arrival does: two changes that MongoDB made in one millisecond
    /// at the turn of a second are each `Newer` than the other. All others have one order, no matter which came first.
    pub fn compare(&self, other: &RowVersion) -> Precedence {
        match self.epoch.cmp(&other.epoch) {
            Ordering::Equal => self.position.compare(&other.position),
            different => different.into(),
        }
    }
}

impl Position {
    fn compare(&self, other: &Position) -> Precedence {
        use Position::{Binlog, ChangeStream, Lsn};
        match (*self, *other) {
            (Lsn { lsn: a, read: true, .. }, Lsn { lsn: b, read: true, .. })
            | (Lsn { lsn: a, read: false, .. }, Lsn { lsn: b, read: false, .. }) => a.cmp(&b).into(),
            (Lsn { last_commit, read: false, .. }, Lsn { lsn: read_at, last_commit: before_read, read: true }) => {
                streamed_against_read(last_commit, before_read.unwrap_or(read_at))
            }
            (Lsn { read: true, .. }, Lsn { read: false, .. }) => match other.compare(self) {
                Precedence::Newer => Precedence::Older,
                Precedence::Older => Precedence::Newer,
                same @ (Precedence::Same | Precedence::Incomparable) => same,
            },
            (
                Binlog { server_id: server_a, file: file_a, position: a, row: row_a, read: read_a },
                Binlog { server_id: server_b, file: file_b, position: b, row: row_b, read: read_b },
            ) => {
                if server_a != server_b && !read_a && !read_b {
                    return Precedence::Incomparable;
                }
                // A snapshot's position is where the stream starts: at equal positions the streamed one is newer.
                (file_a, a, !read_a, row_a).cmp(&(file_b, b, !read_b, row_b)).into()
            }
            (
                ChangeStream { ts_ms: ts_a, ord: ord_a, total_order: a },
                ChangeStream { ts_ms: ts_b, ord: ord_b, total_order: b },
            ) => match (ts_a, ord_a, a).cmp(&(ts_b, ord_b, b)) {
                Ordering::Less if log_went_on((ts_a, ord_a), (ts_b, ord_b)) => Precedence::Newer,
                by_clock => by_clock.into(),
            },
            (Lsn { .. } | Binlog { .. } | ChangeStream { .. }, _) => Precedence::Incomparable,
        }
    }
}

/// A streamed change may have a smaller LSN than a snapshot read and still be newer: it was written at 100, the snapshot
/// read the row at 120 without it, and it was committed at 130. Commits decide: the change is newer unless its own
/// transaction ended before the read.
fn streamed_against_read(last_commit: Option<u64>, before_read: u64) -> Precedence {
    match last_commit {
        Some(commit) if commit < before_read => Precedence::Older,
        // The first transaction that a connector streams follows the snapshot and has no commit before it.
        Some(_) | None => Precedence::Newer,
    }
}

/// How far the primary's clock may be from the turn of a second when the cluster's time turns: the server reads a clock
/// that moves in steps of ten milliseconds, once for the wall time and once for the cluster's.
///
/// In MongoDB's sources: `FastClockSourceFactory::create(Milliseconds(10))` in `mongod_main.cpp`, which both
/// `getWallClockTimeForOpLog` in `oplog.cpp` and `_advanceComponentTimeByTicks` in `vector_clock_mutable.cpp` read.
const TURN_MS: u64 = 10;

/// Whether a change comes after another one in MongoDB's log although its wall clock is not later.
///
/// The log's own order is the cluster's time: a second, and a number that starts again with each second. The record has
/// only the number (`ord`), so the second must come from the wall clock (`ts_ms`):
///
/// - Away from the turn of a second, two changes of one wall-clock second are of one second of the cluster's time. The
///   greater number came later, even if the clock was set back between them (another primary).
/// - At the turn, a number may belong to the second before or after it. Within one millisecond, 57 then 1 means that the
///   second turned between them, and 1 then 57 that it did not. Only the order of arrival distinguishes the two. A
///   connector emits in the log's order, and after a restart it emits everything that follows again, so the change that
///   arrives later is newer.
fn log_went_on((ts_ms, ord): (u64, u64), (other_ms, other_ord): (u64, u64)) -> bool {
    let at_turn = |ms: u64| !(TURN_MS..1000 - TURN_MS).contains(&(ms % 1000));
    let one_second = ts_ms / 1000 == other_ms / 1000 && !at_turn(ts_ms) && !at_turn(other_ms);
    let streamed = ord > 0;
    streamed && ((one_second && ord > other_ord) || (ts_ms == other_ms && at_turn(ts_ms) && ord != other_ord))
}

/// The number at the end of a binlog file's name: `mysql-bin.000003` is 3. Compared as a number, because the name grows
/// a digit after 999999.
pub(crate) fn binlog_number(file: &str) -> Option<u64> {
    file.rsplit_once('.')?.1.parse().ok()
}

/// `source.sequence` of PostgreSQL: a JSON array of two LSNs as text, the first null until something was committed.
pub(crate) fn sequence(text: &str) -> Option<(Option<u64>, u64)> {
    let [last_commit, lsn]: [Option<&str>; 2] = serde_json::from_str(text).ok()?;
    Some((last_commit.and_then(|lsn| lsn.parse().ok()), lsn?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(lsn: u64, last_commit: Option<u64>) -> Position {
        Position::Lsn { lsn, last_commit, read: false }
    }

    fn read(lsn: u64, last_commit: Option<u64>) -> Position {
        Position::Lsn { lsn, last_commit, read: true }
    }

    #[test]
    fn a_streamed_change_beats_a_read_that_did_not_see_its_commit() {
        // Written at 100, read at 120 by a chunk that knew commits up to 110, committed at 130.
        let (change, chunk) = (streamed(100, Some(115)), read(120, Some(110)));
        assert_eq!(change.compare(&chunk), Precedence::Newer);
        assert_eq!(chunk.compare(&change), Precedence::Older);
    }

    #[test]
    fn a_read_beats_a_change_that_was_committed_before_it() {
        let (change, chunk) = (streamed(100, Some(90)), read(120, Some(110)));
        assert_eq!(chunk.compare(&change), Precedence::Newer);
        assert_eq!(change.compare(&chunk), Precedence::Older);
    }

    #[test]
    fn the_first_transactions_after_a_snapshot_are_newer_than_it() {
        assert_eq!(streamed(26_722_824, None).compare(&read(26_722_784, None)), Precedence::Newer);
        assert_eq!(streamed(26_723_240, Some(26_723_240)).compare(&read(26_722_784, None)), Precedence::Newer);
    }

    #[test]
    fn a_change_that_is_emitted_again_is_not_newer() {
        let change = streamed(100, Some(90));
        assert_eq!(change.compare(&change), Precedence::Same);
    }

    #[test]
    fn binlog_files_compare_as_numbers() {
        let at = |file, position| Position::Binlog { server_id: 1, file, position, row: 0, read: false };
        let file = |name| binlog_number(name).unwrap();
        assert_eq!(at(file("bin.1000000"), 4).compare(&at(file("bin.999999"), 900)), Precedence::Newer);
        let elsewhere = Position::Binlog { server_id: 2, file: 1, position: 1, row: 0, read: false };
        assert_eq!(at(1, 1).compare(&elsewhere), Precedence::Incomparable);
        let snapshot = Position::Binlog { server_id: 0, file: 1, position: 1, row: 0, read: true };
        assert_eq!(at(1, 1).compare(&snapshot), Precedence::Newer);
    }

    #[test]
    fn the_epoch_is_compared_before_the_position() {
        let old = RowVersion { epoch: 1, position: streamed(900, None) };
        let new = RowVersion { epoch: 2, position: streamed(100, None) };
        assert_eq!(new.compare(&old), Precedence::Newer);
    }

    #[test]
    fn mongodbs_number_orders_changes_that_its_clock_does_not() {
        let at = |ts_ms, ord| Position::ChangeStream { ts_ms, ord, total_order: 0 };
        // A turn between two changes of one millisecond, and a clock that is set back within a second.
        assert_eq!(at(100_998, 1).compare(&at(100_998, 57)), Precedence::Newer);
        assert_eq!(at(100_510, 59).compare(&at(100_540, 57)), Precedence::Newer);
        // Late, away from any turn.
        assert_eq!(at(100_500, 1).compare(&at(100_500, 57)), Precedence::Older);
        assert_eq!(at(100_510, 55).compare(&at(100_540, 57)), Precedence::Older);
        assert_eq!(at(99_510, 59).compare(&at(100_540, 57)), Precedence::Older);
        // A snapshot's read has no number.
        assert_eq!(at(0, 0).compare(&at(0, 57)), Precedence::Older);
        assert_eq!(at(100_998, 57).compare(&at(100_998, 57)), Precedence::Same);
    }

    #[test]
    fn changes_of_one_transaction_keep_their_order_at_the_turn_of_a_second() {
        let at = |total_order| Position::ChangeStream { ts_ms: 100_998, ord: 57, total_order };
        assert_eq!(at(1).compare(&at(2)), Precedence::Older);
        assert_eq!(at(2).compare(&at(1)), Precedence::Newer);
    }

    #[test]
    fn other_databases_do_not_compare() {
        let mongo = Position::ChangeStream { ts_ms: 1, ord: 1, total_order: 0 };
        assert_eq!(mongo.compare(&streamed(1, None)), Precedence::Incomparable);
    }
}
