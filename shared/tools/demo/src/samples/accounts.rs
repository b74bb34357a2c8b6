//! The sample events of `send-welcome-email`, taken from the recording of the accounts.

use local_stack::{Nulls, Origin, event};
use recordings::{Record, Recording};

use crate::accounts::{Change, OLD_KEY_HEADER, account_topic, heartbeat_topics};
use crate::bad_batch::bad_batch;
use crate::sample::{NotRecorded, Sample, readable, sample};
use crate::samples::error::SampleError;

/// The topic of which these are samples.
pub(super) const TOPIC: &str = "cdc.postgres.public.accounts";

/// Makes all samples.
///
/// # Errors
/// When the recording lacks a kind of record.
pub(crate) fn samples(recording: &Recording) -> Result<Vec<Sample>, SampleError> {
    let topic = account_topic(recording, None)?;
    let records: Vec<_> = recording.of_topic(topic).collect();
    let first = |what: &'static str, is: &dyn Fn(&Record) -> bool| {
        records.iter().copied().find(|record| is(record)).ok_or(NotRecorded(what))
    };
    let operation = |record: &Record, wanted: &str| Change::of(record).is_some_and(|it| it.operation == wanted);
    let of_version = |record: &Record, version: u32| value_schema_version(recording, record) == Some(version);

    let created = first("insert", &|record| operation(record, "c") && !record.has_header(OLD_KEY_HEADER))?;
    let read = first("snapshot read", &|record| operation(record, "r"))?;
    let update = first("update", &|record| operation(record, "u"))?;
    let delete = first("delete", &|record| operation(record, "d") && !record.has_header("__debezium.newkey"))?;
    let tombstone = first("tombstone", &|record| record.value.is_none() && record.key == delete.key)?;
    let moved_to = first("changed key", &|record| operation(record, "c") && record.has_header(OLD_KEY_HEADER))?;
    let at = records.iter().position(|record| std::ptr::eq(*record, moved_to)).unwrap_or_default();
    let moved_from = at.checked_sub(2).and_then(|start| records.get(start..at)).unwrap_or_default();
    let added = first("second schema version", &|record| of_version(record, 2) && operation(record, "c"))?;
    let dropped = first("third schema version", &|record| of_version(record, 3) && operation(record, "c"))?;
    let heartbeats = heartbeat_topics(recording);
    let heartbeat = heartbeats.first().and_then(|topic| recording.of_topic(topic).next());
    let heartbeat = heartbeat.ok_or(NotRecorded("heartbeat"))?;
    let bad: Vec<_> = bad_batch(recording, topic)?.into_iter().map(|bad| bad.record).collect();

    let key_change: Vec<_> = moved_from.iter().copied().chain([moved_to]).collect();
    let msk = |name: &str, records: &[&Record]| sample(name, Origin::Msk, Nulls::Written, records);
    Ok(vec![
        msk("created", &[created]),
        sample("created-self-managed", Origin::SelfManaged, Nulls::LeftOut, &[created]),
        msk("snapshot-read", &[read]),
        msk("updated", &[update]),
        msk("deleted", &[delete, tombstone]),
        sample("deleted-self-managed", Origin::SelfManaged, Nulls::LeftOut, &[delete, tombstone]),
        msk("key-changed", &key_change),
        msk("column-added", &[added]),
        msk("column-dropped", &[dropped]),
        msk("heartbeat", &[heartbeat]),
        ("bad-records.json".to_owned(), readable(&event(Origin::Msk, &bad))),
        ("aws-documentation.json".to_owned(), readable(AWS_DOCUMENTATION.as_bytes())),
    ])
}

/// The sample event of the Lambda developer guide ("Using Lambda with Amazon MSK"): its key has bits set behind its last
/// byte, its value is plain text. No function reads its topic, so its one record goes to the dead letters.
const AWS_DOCUMENTATION: &str = r#"{
    "eventSource": "aws:kafka",
    "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "bootstrapServers": "b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,b-1.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092",
    "records": {
        "mytopic-0": [
            {
                "topic": "mytopic",
                "partition": 0,
                "offset": 15,
                "timestamp": 1545084650987,
                "timestampType": "CREATE_TIME",
                "key": "abcDEFghiJKLmnoPQRstuVWXyz1234==",
                "value": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "headers": [{"headerKey": [104, 101, 97, 100, 101, 114, 86, 97, 108, 117, 101]}]
            }
        ]
    }
}"#;

fn value_schema_version(recording: &Recording, record: &Record) -> Option<u32> {
    let id = record.value_frame().ok()??.schema_id;
    recording.schemas.get(&id).map(|schema| schema.version)
}
