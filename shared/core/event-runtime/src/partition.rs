//! One partition: its records in chains that keep their order, and what became of them.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use kafka_events::{Encoded, Entry, Event, Malformed, Record, TopicPartition};
use tokio::time::Instant;

use crate::chains::{Chains, Decoded, Keys, decode};
use crate::clock::UnixMillis;
use crate::failure::{Blame, Disposition, Failure, Fault, Stage};
use crate::flood::{FLOOD_GUARD, FloodGuard};
use crate::handler::RecordHandler;
use crate::in_flight::Room;
use crate::journal::Journal;
use crate::journey::{Journey, Travelled};
use crate::letter::{Place, RawBytes, base64};
use crate::obstacles::NoTimeLeft;
use crate::outcome::{Outcome, StageTimes};
use crate::parts::Parts;
use crate::pressure::RetryBudget;
use crate::raw_record::RawRecord;
use crate::record_frames::RecordFrames;
use crate::safeguards::{Safeguard, stands};
use crate::settings::Invocation;

/// Why records behind one that is still pending are pending too.
const PARTITION_STOPPED: &str = "lane_stopped";

/// What all partitions of a batch share.
pub(crate) struct Batch<'a, H> {
    pub(crate) parts: &'a Parts<H>,
    pub(crate) event: &'a Event<'a>,
    pub(crate) invocation: &'a Invocation,
    pub(crate) retries: &'a RetryBudget,
    pub(crate) journal: &'a Journal,
    pub(crate) started: UnixMillis,
}

/// What became of a topic-partition.
#[derive(Debug, Default)]
pub(crate) struct PartitionReport {
    pub(crate) outcomes: Vec<Outcome>,
    /// The partition's name, verbatim, with each unfinished record's offset.
    pub(crate) unfinished: Vec<(String, Option<i64>)>,
    pub(crate) stages: StageTimes,
    pub(crate) retries: usize,
    pub(crate) oldest_record_age: Option<Duration>,
    pub(crate) stopped_by_flood_guard: bool,
}

/// Takes a topic-partition's records to their ends: chain by chain, several chains at a time where the order allows.
pub(crate) async fn run_partition<H: RecordHandler>(
    batch: &Batch<'_, H>,
    partition: &TopicPartition<'_>,
) -> PartitionReport {
    let Parts { settings, floods, .. } = batch.parts;
    let guard = FloodGuard::new(floods, &partition.name, partition.records.len(), &settings.drain);
    let Chains { chains, in_flight, keys } = Chains::of(&batch.parts.handler, settings.order, &partition.records);
    let mut ends: Vec<(usize, Travelled)> = stream::iter(chains)
        .map(|chain| run_chain(batch, partition, chain, &keys, &guard))
        .buffer_unordered(in_flight)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect();
    ends.sort_by_key(|(index, _)| *index);

    let mut report = PartitionReport { stopped_by_flood_guard: guard.has_stopped(), ..PartitionReport::default() };
    for ((_, travelled), entry) in ends.into_iter().zip(&partition.records) {
        if !travelled.outcome.is_finished() {
            report.unfinished.push((partition.name.to_string(), offset_of(entry)));
        }
        report.outcomes.push(travelled.outcome);
        report.stages.merge(&travelled.stages);
        report.retries += travelled.retries;
        report.oldest_record_age = report.oldest_record_age.max(age_of(entry, batch.started));
    }
    report
}

/// Works through records that wait for each other. The first that stays unfinished stops the chain: it and all behind
/// it are pending.
async fn run_chain<H: RecordHandler>(
    batch: &Batch<'_, H>,
    partition: &TopicPartition<'_>,
    chain: Vec<usize>,
    keys: &Keys,
    guard: &FloodGuard<'_>,
) -> Vec<(usize, Travelled)> {
    let journey = Journey {
        parts: batch.parts,
        event: batch.event,
        partition_name: &partition.name,
        invocation: batch.invocation,
        retries: batch.retries,
        journal: batch.journal,
        flood: guard,
    };
    // Reused from record to record: events borrow their text from here.
    let mut scratch = Scratch::default();
    let mut stopped = None;
    let mut ends = Vec::with_capacity(chain.len());
    for index in chain {
        let Some(entry) = partition.records.get(index) else { continue };
        if stopped.is_none() && guard.has_stopped() {
            stopped = Some(FLOOD_GUARD);
        }
        let travelled = match (stopped, entry) {
            (Some(reason), _) => Travelled::untouched(Outcome::Unfinished(reason)),
            (None, entry) => run_entry(&journey, entry, keys.get(index), &mut scratch).await,
        };
        if !travelled.outcome.is_finished() && stopped.is_none() && stands(Safeguard::Order) {
            stopped = Some(if guard.has_stopped() { FLOOD_GUARD } else { PARTITION_STOPPED });
        }
        ends.push((index, travelled));
    }
    ends
}

/// Waits for room, then takes the record to its end.
async fn run_entry<H: RecordHandler>(
    journey: &Journey<'_, H>,
    entry: &Entry<'_>,
    key: Option<Decoded<'_>>,
    scratch: &mut Scratch,
) -> Travelled {
    let in_flight = &journey.parts.in_flight;
    let Some(room) = journey.before_reserve(in_flight.admit(bytes_of(entry))).await else {
        return Travelled::untouched(Outcome::Unfinished(NoTimeLeft.code()));
    };
    match entry {
        Entry::Record(record) => run_record(journey, record, key, scratch, room).await,
        Entry::Malformed(malformed) => run_malformed(journey, malformed).await,
    }
}

/// What an entry takes once it is out of its base64.
fn bytes_of(entry: &Entry<'_>) -> usize {
    match entry {
        Entry::Record(record) => {
            [&record.key, &record.value].into_iter().flatten().map(Encoded::decoded_len_bound).sum()
        }
        Entry::Malformed(malformed) => malformed.raw.len(),
    }
}

#[derive(Default)]
struct Scratch {
    key: Vec<u8>,
    value: Vec<u8>,
}

async fn run_record<H: RecordHandler>(
    journey: &Journey<'_, H>,
    record: &Record<'_>,
    key: Option<Decoded<'_>>,
    scratch: &mut Scratch,
    room: Room<'_>,
) -> Travelled {
    let scanning = Instant::now();
    let key = key.unwrap_or_else(|| decode(record.key.as_ref(), &mut scratch.key));
    let value = decode(record.value.as_ref(), &mut scratch.value);
    let scanned = scanning.elapsed();
    let frames = RecordFrames::within(room);
    let mut travelled = match (key, value) {
        (Ok(key), Ok(value)) => {
            let raw = RawRecord {
                topic: &record.topic,
                partition: record.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                key,
                value,
                headers: &record.headers,
                key_schema: record.key_schema.as_ref(),
                value_schema: record.value_schema.as_ref(),
                frames: &frames,
            };
            journey.run(raw).await
        }
        (Err(error), _) => journey.give_up_undecoded(record, unreadable("key", error)).await,
        (_, Err(error)) => journey.give_up_undecoded(record, unreadable("value", error)).await,
    };
    travelled.stages.add(Stage::Scan, scanned);
    travelled
}

async fn run_malformed<H: RecordHandler>(journey: &Journey<'_, H>, malformed: &Malformed<'_>) -> Travelled {
    let place = Place {
        topic_partition: journey.partition_name.to_owned(),
        topic: malformed.topic.as_deref().unwrap_or_default().to_owned(),
        partition: malformed.partition.unwrap_or(-1),
        offset: malformed.offset,
        timestamp: -1,
        index: if malformed.offset.is_some() { 0 } else { malformed.index },
    };
    let raw = RawBytes { json: Some(base64(malformed.raw)), ..RawBytes::default() };
    journey.give_up_unread(place, raw, unreadable("JSON", malformed.error)).await
}

fn offset_of(entry: &Entry<'_>) -> Option<i64> {
    match entry {
        Entry::Record(record) => Some(record.offset),
        Entry::Malformed(malformed) => malformed.offset,
    }
}

fn age_of(entry: &Entry<'_>, now: UnixMillis) -> Option<Duration> {
    match entry {
        Entry::Record(record) => u64::try_from(record.timestamp).ok().map(|timestamp| now.since(UnixMillis(timestamp))),
        Entry::Malformed(_) => None,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the record's {part} cannot be read from the event")]
struct Unreadable {
    part: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl Failure for Unreadable {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        if self.part == "JSON" { "record_malformed" } else { "base64_invalid" }
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

fn unreadable(part: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new(Stage::Scan, Unreadable { part, cause: Box::new(cause) })
}
