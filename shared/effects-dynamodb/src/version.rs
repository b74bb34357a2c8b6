//! A row's version as attributes that DynamoDB can compare in a condition.
//!
//! The version becomes text of fixed width, so that text sorts as the version does: the epoch, then the position in the
//! log, each number in twenty digits. Only versions of one log sort; which log it was stands in an attribute of its
//! own, and so does what PostgreSQL needs to tell a snapshot's read from a streamed change ([`RowVersion::compare`]).

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use debezium::{Position, RowVersion};
use dynamodb_writes::{Item, text, text_of};

use crate::attribute::{KEY, VERSION, VERSION_COMMIT, VERSION_LOG};

const CHANGE_STREAM: &str = "mongodb";
const LSN: &str = "lsn";
const LSN_READ: &str = "lsn/read";
/// Followed by the server's id, or by `read`: a snapshot's read belongs to no server and compares with all.
const BINLOG: &str = "binlog/";
const BINLOG_READ: &str = "binlog/read";

/// The attributes of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Sorts like the version among versions of one log.
    order: String,
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

    /// Reads the version of an item; `None` where it is not one of ours.
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

/// Adds the condition "nothing is there, or something older than `version`" to a request.
pub(crate) fn unless_newer(request: PutItemFluentBuilder, version: &RowVersion) -> PutItemFluentBuilder {
    let stored = Stored::of(version);
    let mut values = vec![(":version", stored.order.clone())];
    let mut names = vec![("#key", KEY), ("#version", VERSION), ("#log", VERSION_LOG)];
    let older = match version.position {
        Position::ChangeStream { .. } => {
            values.push((":log", stored.log));
            "#log = :log AND #version < :version"
        }
        Position::Binlog { read: false, .. } => {
            values.extend([(":log", stored.log), (":read", BINLOG_READ.to_owned())]);
            "#log IN (:log, :read) AND #version < :version"
        }
        Position::Binlog { read: true, .. } => {
            values.push((":log", BINLOG.to_owned()));
            "begins_with(#log, :log) AND #version < :version"
        }
        Position::Lsn { last_commit, read: false, .. } => {
            values.extend([(":log", stored.log), (":read", LSN_READ.to_owned())]);
            match last_commit {
                // The first transaction that a connector streams has no commit before it; it follows the snapshot.
                None => "(#log = :log AND #version < :version) OR #log = :read",
                Some(commit) => {
                    names.push(("#commit", VERSION_COMMIT));
                    values.push((":commit", format!("{commit:020}")));
                    values.push((":reads_lsn", format!("{:020}.{commit:020}", version.epoch)));
                    "(#log = :log AND #version < :version) OR (#log = :read AND (#commit <= :commit \
                     OR (attribute_not_exists(#commit) AND #version <= :reads_lsn)))"
                }
            }
        }
        Position::Lsn { lsn, last_commit, read: true } => {
            names.push(("#commit", VERSION_COMMIT));
            let before = last_commit.unwrap_or(lsn);
            values.extend([(":log", stored.log), (":streamed", LSN.to_owned()), (":before", format!("{before:020}"))]);
            "(#log = :log AND #version < :version) OR (#log = :streamed AND #commit < :before)"
        }
    };
    // A version starts with its epoch: what sorts before the bare epoch is of an earlier one.
    values.push((":epoch", format!("{:020}", version.epoch)));
    let condition =
        format!("attribute_not_exists(#key) OR #version < :epoch OR (begins_with(#version, :epoch) AND ({older}))");
    let request = names
        .into_iter()
        .fold(request, |request, (name, attribute)| request.expression_attribute_names(name, attribute));
    let request = values
        .into_iter()
        .fold(request, |request, (name, value)| request.expression_attribute_values(name, text(value)));
    request.condition_expression(condition)
}

#[cfg(test)]
mod tests {
    use debezium::Precedence;
    use proptest::prelude::*;

    use super::*;

    /// Small numbers meet often; large ones have more digits.
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
        fn the_text_of_a_version_sorts_like_the_version(a in any_version(), b in any_version()) {
            let (stored_a, stored_b) = (Stored::of(&a), Stored::of(&b));
            if stored_a.log == stored_b.log || a.epoch != b.epoch {
                let expected = match a.compare(&b) {
                    Precedence::Newer => std::cmp::Ordering::Greater,
                    Precedence::Older => std::cmp::Ordering::Less,
                    Precedence::Same => std::cmp::Ordering::Equal,
                    Precedence::Incomparable => return Err(TestCaseError::fail("one log, or two epochs")),
                };
                prop_assert_eq!(stored_a.order.cmp(&stored_b.order), expected);
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
    fn what_is_no_version_is_not_read_as_one() {
        let item = |log: &str, order: &str| {
            Item::from([(VERSION_LOG.to_owned(), text(log)), (VERSION.to_owned(), text(order))])
        };
        assert_eq!(Stored::read(&Item::new()), None);
        assert_eq!(Stored::read(&item("mongodb", "1.2")), None);
        assert_eq!(Stored::read(&item("binlog/x", "1.2.3.1.5")), None);
        assert_eq!(Stored::read(&item("elsewhere", "1.2.3.4")), None);
    }
}
