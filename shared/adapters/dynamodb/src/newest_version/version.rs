//! A row's version as attributes that DynamoDB can compare in a condition.
//!
//! The version becomes text of fixed width that sorts like the version: the epoch, then the position in the log, each
//! number in twenty digits. Only versions of one log sort. So the log has an attribute of its own, and PostgreSQL's last
//! commit another one: it orders a snapshot's read against a streamed change ([`RowVersion::compare`]).

use debezium::{Position, RowVersion};

use crate::attribute::{VERSION, VERSION_COMMIT, VERSION_LOG};
use crate::condition::Condition;
use crate::value::{Item, text, text_of};

const CHANGE_STREAM: &str = "mongodb";
const LSN: &str = "lsn";
const LSN_READ: &str = "lsn/read";
/// Prefix of the server's id, or of `read`: a snapshot's read has no server and compares with every server.
const BINLOG: &str = "binlog/";
const BINLOG_READ: &str = "binlog/read";

/// The attributes of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Text that sorts like the version, among versions of one log.
    pub(crate) order: String,
    log: String,
    commit: Option<String>,
}

impl Stored {
    pub(crate) fn of(version: &RowVersion) -> Self {
        let digits = |parts: &[u64]| parts.iter().map(|part| format!("{part:020}")).collect::<Vec<_>>().join(".");
        let epoch = version.epoch;
        let (log, order, commit) = match version.position {
            Position::ChangeStream { ts_ms, ord, total_order } => {
                (CHANGE_STREAM.to_owned(), digits(&[epoch, ts_ms, ord, total_order]), None)
            }
            Position::Binlog { server_id, file, position, row, read } => {
                let log = if read { BINLOG_READ.to_owned() } else { format!("{BINLOG}{server_id}") };
                // At equal positions the streamed change is newer than the read.
                (log, digits(&[epoch, file, position, u64::from(!read), row]), None)
            }
            Position::Lsn { lsn, last_commit, read } => {
                let log = if read { LSN_READ } else { LSN };
                (log.to_owned(), digits(&[epoch, lsn]), last_commit.map(|commit| digits(&[commit])))
            }
        };
        Stored { order, log, commit }
    }

    /// Writes the version into an item.
    pub(crate) fn put(&self, item: &mut Item) {
        item.insert(VERSION.to_owned(), text(&self.order));
        item.insert(VERSION_LOG.to_owned(), text(&self.log));
        if let Some(commit) = &self.commit {
            item.insert(VERSION_COMMIT.to_owned(), text(commit));
        }
    }

    /// Reads the version of an item; `None` where the item is not a row of ours.
    pub(crate) fn read(item: &Item) -> Option<RowVersion> {
        let numbers = |name| text_of(item, name)?.split('.').map(|digits| digits.parse().ok()).collect();
        let order: Option<Vec<u64>> = numbers(VERSION);
        let (epoch, position) = match (text_of(item, VERSION_LOG)?, order?.as_slice()) {
            (CHANGE_STREAM, &[epoch, ts_ms, ord, total_order]) => {
                (epoch, Position::ChangeStream { ts_ms, ord, total_order })
            }
            (BINLOG_READ, &[epoch, file, position, _, row]) => {
                (epoch, Position::Binlog { server_id: 0, file, position, row, read: true })
            }
            (log, &[epoch, file, position, _, row]) => {
                let server_id = log.strip_prefix(BINLOG)?.parse().ok()?;
                (epoch, Position::Binlog { server_id, file, position, row, read: false })
            }
            (log @ (LSN | LSN_READ), &[epoch, lsn]) => {
                let commit: Option<Vec<u64>> = numbers(VERSION_COMMIT);
                let last_commit = commit.and_then(|commit| commit.first().copied());
                (epoch, Position::Lsn { lsn, last_commit, read: log == LSN_READ })
            }
            _ => return None,
        };
        Some(RowVersion { epoch, position })
    }
}

/// The condition "of an older version than this one", as far as text can be compared; [`RowVersion::compare`] decides
/// the rest.
pub(crate) fn older_than(version: &RowVersion) -> Condition {
    let Stored { order, log, commit: _ } = Stored::of(version);
    let of = |log: &str| Condition::equals(VERSION_LOG, log);
    let before = || Condition::less(VERSION, order.as_str());
    let older = match version.position {
        Position::ChangeStream { .. } => Condition::All(vec![of(&log), before()]),
        Position::Binlog { read: false, .. } => {
            Condition::All(vec![Condition::Any(vec![of(&log), of(BINLOG_READ)]), before()])
        }
        Position::Binlog { read: true, .. } => {
            Condition::All(vec![Condition::begins_with(VERSION_LOG, BINLOG), before()])
        }
        Position::Lsn { last_commit, read: false, .. } => {
            let streamed = Condition::All(vec![of(&log), before()]);
            let read = match last_commit {
                // The first transaction that a connector streams has no commit before it and follows the snapshot.
                None => of(LSN_READ),
                Some(commit) => {
                    let reads_lsn = format!("{}.{commit:020}", epoch_text(version.epoch));
                    let without_commit =
                        Condition::All(vec![Condition::absent(VERSION_COMMIT), Condition::at_most(VERSION, reads_lsn)]);
                    let with_commit = Condition::at_most(VERSION_COMMIT, format!("{commit:020}"));
                    Condition::All(vec![of(LSN_READ), Condition::Any(vec![with_commit, without_commit])])
                }
            };
            Condition::Any(vec![streamed, read])
        }
        Position::Lsn { lsn, last_commit, read: true } => {
            let before_read = format!("{:020}", last_commit.unwrap_or(lsn));
            let streamed = Condition::All(vec![of(LSN), Condition::less(VERSION_COMMIT, before_read)]);
            Condition::Any(vec![Condition::All(vec![of(&log), before()]), streamed])
        }
    };
    // A version starts with its epoch: text that sorts before the bare epoch is of an earlier epoch.
    let epoch = epoch_text(version.epoch);
    let of_epoch = Condition::All(vec![Condition::begins_with(VERSION, epoch.as_str()), older]);
    Condition::Any(vec![Condition::less(VERSION, epoch), of_epoch])
}

/// The first part of a version's text. Sorts before all versions of the epoch and after those of earlier epochs.
pub(crate) fn epoch_text(epoch: u64) -> String {
    format!("{epoch:020}")
}

/// The epoch of an item's version; `None` where the item is not a row of a [`VersionedTable`](crate::VersionedTable).
pub fn epoch_of(item: &Item) -> Option<u64> {
    Stored::read(item).map(|version| version.epoch)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use debezium::Precedence;
    use proptest::prelude::*;

    use super::*;

    /// Small numbers, which are often equal, and large ones, which have more digits.
    fn part() -> impl Strategy<Value = u64> {
        prop_oneof![0..4_u64, Just(9), Just(10), Just(1_795_422_518_410), Just(u64::MAX)]
    }

    fn any_version() -> impl Strategy<Value = RowVersion> {
        let position =
            prop_oneof![
                (part(), part(), part()).prop_map(|(ts_ms, ord, total_order)| Position::ChangeStream {
                    ts_ms,
                    ord,
                    total_order
                }),
                (1..3_u64, part(), part(), part(), any::<bool>()).prop_map(|(server, file, position, row, read)| {
                    Position::Binlog { server_id: if read { 0 } else { server }, file, position, row, read }
                }),
                (part(), proptest::option::of(part()), any::<bool>())
                    .prop_map(|(lsn, last_commit, read)| Position::Lsn { lsn, last_commit, read }),
            ];
        (part(), position).prop_map(|(epoch, position)| RowVersion { epoch, position })
    }

    proptest! {
        #[test]
        fn the_condition_holds_only_for_older_versions(new in any_version(), there in any_version()) {
            let mut item = Item::new();
            Stored::of(&there).put(&mut item);
            let holds = older_than(&new).holds(Some(&item));
            let newer = new.compare(&there) == Precedence::Newer;
            let by_log = matches!(new.position, Position::ChangeStream { .. }) && new.epoch == there.epoch;
            prop_assert!(holds == newer || (by_log && newer), "{:?} over {:?}: {}", new, there, holds);
        }

        #[test]
        fn the_text_of_a_version_sorts_like_the_version(a in any_version(), b in any_version()) {
            let (stored_a, stored_b) = (Stored::of(&a), Stored::of(&b));
            if stored_a.log == stored_b.log || a.epoch != b.epoch {
                match stored_a.order.cmp(&stored_b.order) {
                    Ordering::Greater => prop_assert_eq!(a.compare(&b), Precedence::Newer),
                    // MongoDB's clock alone does not order two changes.
                    Ordering::Less => prop_assert!(matches!(a.compare(&b), Precedence::Older | Precedence::Newer)),
                    Ordering::Equal => prop_assert_eq!(a.compare(&b), Precedence::Same),
                }
            }
        }

        #[test]
        fn a_stored_version_reads_back(version in any_version()) {
            let mut item = Item::new();
            Stored::of(&version).put(&mut item);
            prop_assert_eq!(Stored::read(&item), Some(version));
        }
    }

    #[test]
    fn an_item_without_a_valid_version_is_not_read() {
        let item = |log: &str, order: &str| {
            Item::from([(VERSION_LOG.to_owned(), text(log)), (VERSION.to_owned(), text(order))])
        };
        assert_eq!(Stored::read(&Item::new()), None);
        assert_eq!(Stored::read(&item("mongodb", "1.2")), None);
        assert_eq!(Stored::read(&item("binlog/x", "1.2.3.1.5")), None);
        assert_eq!(Stored::read(&item("elsewhere", "1.2.3.4")), None);
    }
}
