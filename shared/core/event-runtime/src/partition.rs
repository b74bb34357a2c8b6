//! One topic-partition: runs its records in chains that keep their order, and reports what became of them.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use kafka_events::{Encoded, Entry, Event, Malformed, Record, TopicPartition};
use schema_registry::FetchCounter;
use tokio::time::Instant;

use crate::chains::{Chains, Decoded, Keys, decode};
use crate::clock::UnixMillis;
use crate::dead_letter::{Place, RawBytes, base64};
use crate::failure::{Failure, Fault, Stage};
use crate::failure_log::FailureLog;
use crate::failures::NoTimeLeft;
use crate::flood_guard::{FLOOD_GUARD, FloodGuard};
use crate::foreign_codes::ELEMENTS;
use crate::handler::RecordHandler;
use crate::in_flight::Room;
use crate::outcome::RecordReport;
use crate::outcome::{Outcome, StageTimes};
use crate::partition_context::PartitionContext;
use crate::processor_context::ProcessorContext;
use crate::raw_record::RawRecord;
use crate::record_frames::RecordFrames;
use crate::retry::RetryBudget;
use crate::safeguards::{Safeguard, is_enabled};
use crate::settings::Invocation;

/// The reason of records that were not tried because a record before them is still pending.
const PARTITION_STOPPED: &str = "lane_stopped";

/// What all topic-partitions of a batch share.
pub(crate) struct Batch<'a, H> {
    pub(crate) processor: &'a ProcessorContext<H>,
    pub(crate) event: &'a Event<'a>,
    pub(crate) invocation: &'a Invocation,
    pub(crate) retries: &'a RetryBudget,
    pub(crate) failures: &'a FailureLog,
    pub(crate) fetches: &'a FetchCounter,
    pub(crate) started: UnixMillis,
}

/// What became of a topic-partition.
#[derive(Debug, Default)]
pub(crate) struct PartitionReport {
    pub(crate) outcomes: Vec<Outcome>,
    /// Name of the topic-partition, as the event spells it, and offset of each unfinished record.
    pub(crate) unfinished: Vec<(String, Option<i64>)>,
    pub(crate) stages: StageTimes,
    pub(crate) retries: usize,
    pub(crate) oldest_record_age: Option<Duration>,
    pub(crate) stopped_by_flood_guard: bool,
}

/// Processes the records of a topic-partition, several chains at a time where the order allows.
pub(crate) async fn run_partition<H: RecordHandler>(
    batch: &Batch<'_, H>,
    partition: &TopicPartition<'_>,
) -> PartitionReport {
    let ProcessorContext { settings, floods, .. } = batch.processor;
    let guard = FloodGuard::new(floods, &partition.name, partition.records.len(), &settings.drain);
    let Chains { chains, in_flight, keys } = Chains::of(settings.frames.keys, settings.order, &partition.records);
    let mut ends: Vec<(usize, RecordReport)> = stream::iter(chains)
        .map(|chain| run_chain(batch, partition, chain, &keys, &guard))
        .buffer_unordered(in_flight)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect();
    ends.sort_by_key(|(index, _)| *index);

    let mut report = PartitionReport { stopped_by_flood_guard: guard.has_stopped(), ..PartitionReport::default() };
    for ((_, record_report), entry) in ends.into_iter().zip(&partition.records) {
        if !record_report.outcome.is_finished() {
            report.unfinished.push((partition.name.to_string(), offset_of(entry)));
        }
        report.outcomes.push(record_report.outcome);
        report.stages.merge(&record_report.stages);
        report.retries += record_report.retries;
        report.oldest_record_age = report.oldest_record_age.max(age_of(entry, batch.started));
    }
    report
}

/// Processes records that wait for each other. The first one that stays unfinished stops the chain: it and all behind
/// it are pending.
async fn run_chain<H: RecordHandler>(
    batch: &Batch<'_, H>,
    partition: &TopicPartition<'_>,
    chain: Vec<usize>,
    keys: &Keys,
    guard: &FloodGuard<'_>,
) -> Vec<(usize, RecordReport)> {
    let context = PartitionContext {
        processor: batch.processor,
        event: batch.event,
        partition_name: &partition.name,
        invocation: batch.invocation,
        retries: batch.retries,
        failures: batch.failures,
        fetches: batch.fetches,
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
        let record_report = match (stopped, entry) {
            (Some(reason), _) => RecordReport::not_started(Outcome::Unfinished(reason)),
            (None, entry) => run_entry(&context, entry, keys.get(index), &mut scratch).await,
        };
        if !record_report.outcome.is_finished() && stopped.is_none() && is_enabled(Safeguard::Order) {
            stopped = Some(if guard.has_stopped() { FLOOD_GUARD } else { PARTITION_STOPPED });
        }
        ends.push((index, record_report));
    }
    ends
}

/// Waits for room in flight, then processes the record.
async fn run_entry<H: RecordHandler>(
    context: &PartitionContext<'_, H>,
    entry: &Entry<'_>,
    key: Option<Decoded<'_>>,
    scratch: &mut Scratch,
) -> RecordReport {
    let in_flight = &context.processor.in_flight;
    let Some(room) = context.before_reserve(in_flight.admit(bytes_of(entry))).await else {
        return RecordReport::not_started(Outcome::Unfinished(NoTimeLeft.code()));
    };
    match entry {
        Entry::Record(record) => run_record(context, record, key, scratch, room).await,
        Entry::Malformed(malformed) => run_malformed(context, malformed).await,
    }
}

/// The bytes that an entry takes once it is decoded from base64.
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
    context: &PartitionContext<'_, H>,
    record: &Record<'_>,
    key: Option<Decoded<'_>>,
    scratch: &mut Scratch,
    room: Room<'_>,
) -> RecordReport {
    let scanning = Instant::now();
    let key = key.unwrap_or_else(|| decode(record.key.as_ref(), &mut scratch.key));
    let value = decode(record.value.as_ref(), &mut scratch.value);
    let scanned = scanning.elapsed();
    let frames = RecordFrames::within(room).counting(context.fetches);
    let mut record_report = match (key, value) {
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
            context.process_record(raw).await
        }
        (Err(error), _) => context.dead_letter_undecoded(record, unreadable("key", error)).await,
        (_, Err(error)) => context.dead_letter_undecoded(record, unreadable("value", error)).await,
    };
    record_report.stages.add(Stage::Scan, scanned);
    record_report
}

async fn run_malformed<H: RecordHandler>(context: &PartitionContext<'_, H>, malformed: &Malformed<'_>) -> RecordReport {
    let place = Place {
        topic_partition: context.partition_name.to_owned(),
        topic: malformed.topic.as_deref().unwrap_or_default().to_owned(),
        partition: malformed.partition.unwrap_or(-1),
        offset: malformed.offset,
        timestamp: -1,
        index: if malformed.offset.is_some() { 0 } else { malformed.index },
    };
    let raw = RawBytes { json: Some(base64(malformed.raw)), ..RawBytes::default() };
    context.dead_letter_unread(place, raw, unreadable("JSON", malformed.error)).await
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

#[derive(Debug, Failure)]
#[failure(
    "the record's {part} cannot be read from the event",
    dead_letter,
    code = if *part == "JSON" { "record_malformed" } else { "base64_invalid" },
    codes = ELEMENTS,
    blame = record
)]
struct Unreadable {
    part: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

fn unreadable(part: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new(Stage::Scan, Unreadable { part, cause: Box::new(cause) })
}
