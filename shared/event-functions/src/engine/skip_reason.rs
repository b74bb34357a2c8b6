//! Why a change is skipped before its function sees it: the one table of operations and their names in metrics.

use debezium::{Change, Op};

/// A record without a value.
pub(crate) const TOMBSTONE: &str = "tombstone";

/// The reason to skip a change; `None` where its operation is acted on.
pub(crate) fn skip_reason<R>(change: &Change<'_, R>, acts_on: &[Op]) -> Option<&'static str> {
    let op = change.op();
    match op {
        Op::Unknown if change.is_heartbeat() => Some("heartbeat"),
        Op::Unknown if change.is_transaction_marker() => Some("transaction"),
        Op::Unknown => Some("unknown_operation"),
        _ if acts_on.contains(&op) => None,
        Op::Create => Some("insert"),
        Op::Read => Some("snapshot"),
        Op::Update => Some("update"),
        Op::Delete => Some("delete"),
        Op::Truncate => Some("truncate"),
        Op::Message => Some("message"),
    }
}
