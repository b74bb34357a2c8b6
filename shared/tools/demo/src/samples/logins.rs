//! The sample events of `cache-user-login`, taken from the recording of the logins.

use local_stack::{Nulls, Origin};
use recordings::{Record, Recording};

use crate::sample::{NotRecorded, Sample, sample};

pub(super) const TOPIC: &str = "cdc.mongodb.users.login";
const HEARTBEATS: &str = "__debezium-heartbeat.cdc.mongodb";

/// Makes all samples.
///
/// # Errors
/// When the recording lacks a kind of record.
pub(crate) fn samples(recording: &Recording) -> Result<Vec<Sample>, NotRecorded> {
    let records: Vec<_> = recording.of_topic(TOPIC).collect();
    let operation = |record: &Record, wanted: &str| record.expected().value["op"] == wanted;
    let find = |what: &'static str, is: &dyn Fn(&Record) -> bool| {
        records.iter().copied().find(|record| is(record)).ok_or(NotRecorded(what))
    };
    let document = |record: &Record| record.expected().value["after"].as_str().unwrap_or_default().to_owned();
    let updates_of =
        |created: &Record| records.iter().filter(|record| record.key == created.key && operation(record, "u")).count();

    let created = find("insert with a later update", &|record| operation(record, "c") && updates_of(record) > 0)?;
    let updated = find("update of it", &|record| record.key == created.key && operation(record, "u"))?;
    let read = find("snapshot read", &|record| operation(record, "r"))?;
    let not_a_number = find("bare NaN", &|record| document(record).contains("NaN"))?;
    let gone = find("update without its document", &|record| operation(record, "u") && document(record).is_empty())?;
    let delete = find("delete", &|record| operation(record, "d"))?;
    let tombstone = find("tombstone", &|record| record.value.is_none() && record.key == delete.key)?;
    let heartbeat = recording.of_topic(HEARTBEATS).next().ok_or(NotRecorded("heartbeat"))?;

    let msk = |name: &str, records: &[&Record]| sample(name, Origin::Msk, Nulls::Written, records);
    Ok(vec![
        msk("created", &[created]),
        msk("updated", &[updated]),
        // The insert again, behind its update: a connector that restarted.
        msk("late-change", &[&Record { offset: updated.offset + 1000, ..created.clone() }]),
        msk("snapshot-read", &[read]),
        msk("not-a-number", &[not_a_number]),
        msk("document-gone", &[gone]),
        msk("deleted", &[delete, tombstone]),
        msk("heartbeat", &[heartbeat]),
    ])
}
