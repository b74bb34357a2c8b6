//! A local Kafka event source mapping: takes batches from a source, invokes a target, retries what is unfinished.
//!
//! It follows what AWS documents: batches of bounded count and size, never two in flight for one partition, the whole
//! batch again after an error, and with `ReportBatchItemFailures` only what the function reported. Here one batch is
//! in flight at a time, over all partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::event::{EventRecord, MAX_EVENT_BYTES, Origin, PartialResponse, event};
use crate::source::{Source, TopicPartition};
use crate::target::{Invocation, Target};

/// The settings of a mapping, named as AWS names them.
#[derive(Debug, Clone)]
pub struct MappingSettings {
    /// The kind of cluster.
    pub origin: Origin,
    /// `BatchSize`, 1 to 10,000.
    pub batch_size: usize,
    /// Payload limit in bytes.
    pub max_event_bytes: usize,
    /// `FunctionResponseTypes: [ReportBatchItemFailures]`. Without it AWS ignores what a function reports, and every
    /// record that it reported is lost.
    pub report_batch_item_failures: bool,
    /// `MaximumRetryAttempts`. AWS can retry without limit; here that would hide a failure.
    pub maximum_retry_attempts: u32,
    /// The pause before the first retry; it doubles with each, up to 16 times this.
    pub retry_pause: Duration,
    /// Which records come again after a partial response; AWS does not document which of the two it does.
    pub redelivery: Redelivery,
}

/// Which records come again after a partial response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redelivery {
    /// Just those that were reported.
    #[default]
    Reported,
    /// Of each partition everything from the lowest reported offset on.
    FromLowest,
}

impl Default for MappingSettings {
    fn default() -> Self {
        MappingSettings {
            origin: Origin::Msk,
            batch_size: 100,
            max_event_bytes: MAX_EVENT_BYTES,
            report_batch_item_failures: false,
            maximum_retry_attempts: 5,
            retry_pause: Duration::from_millis(100),
            redelivery: Redelivery::default(),
        }
    }
}

/// What a mapping did with the records of its source.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Records taken from the source.
    pub records: usize,
    /// Batches made of them.
    pub batches: usize,
    /// Invocations, retries included.
    pub invocations: usize,
    /// Records that were still unfinished after the last attempt, by partition and offset.
    pub gave_up: BTreeSet<(TopicPartition, i64)>,
    /// Why invocations did not finish their batch, in the order in which it happened.
    pub failures: Vec<String>,
    /// How long all of it took.
    pub took: Duration,
}

impl Delivery {
    /// Adds another delivery to this one.
    pub fn add(&mut self, other: Delivery) {
        self.records += other.records;
        self.batches += other.batches;
        self.invocations += other.invocations;
        self.gave_up.extend(other.gave_up);
        self.failures.extend(other.failures);
        self.took += other.took;
    }
}

/// Delivers everything that `source` has to `target`; `progress` is called with the number of records after each batch.
pub async fn deliver(
    source: &mut impl Source,
    target: &impl Target,
    settings: &MappingSettings,
    mut progress: impl FnMut(usize),
) -> Delivery {
    let started = Instant::now();
    let mut delivery = Delivery::default();
    let mut pending = Vec::new();
    loop {
        let wanted = settings.batch_size.max(1).saturating_sub(pending.len());
        pending.extend(source.poll(wanted).await);
        if pending.is_empty() {
            delivery.took = started.elapsed();
            return delivery;
        }
        // The records that do not fit begin the next batch.
        let rest = pending.split_off(fitting(&pending, settings.max_event_bytes));
        let batch = std::mem::replace(&mut pending, rest);
        delivery.batches += 1;
        delivery.records += batch.len();
        let ends = ends(&batch);
        deliver_batch(batch, target, settings, &mut delivery).await;
        for (topic_partition, offset) in ends {
            source.commit(&topic_partition, offset).await;
        }
        progress(delivery.records);
    }
}

/// How many of the records fit into one event; at least one, so that a record above the limit is still tried.
fn fitting(records: &[EventRecord], limit: usize) -> usize {
    let envelope = 1024;
    let mut size = envelope;
    let fit = records.iter().take_while(|record| {
        // Any record may begin a new group, with the group's name.
        size += record.size() + record.topic.len() + 16;
        size <= limit
    });
    fit.count().max(1)
}

/// For each partition the offset after its last record.
fn ends(batch: &[EventRecord]) -> BTreeMap<TopicPartition, i64> {
    batch.iter().map(|record| (record.topic_partition(), record.offset + 1)).collect()
}

async fn deliver_batch(
    mut batch: Vec<EventRecord>,
    target: &impl Target,
    settings: &MappingSettings,
    delivery: &mut Delivery,
) {
    for attempt in 0..=settings.maximum_retry_attempts {
        if attempt > 0 {
            tokio::time::sleep(settings.retry_pause * 2_u32.pow((attempt - 1).min(4))).await;
        }
        delivery.invocations += 1;
        let invocation = target.invoke(event(settings.origin, &batch)).await;
        match unfinished(&invocation, &batch, settings) {
            Ok(left) if left.is_empty() => return,
            Ok(left) => {
                delivery.failures.push(format!("{} of {} records reported unfinished", left.len(), batch.len()));
                batch.retain(|record| left.contains(&(record.topic_partition(), record.offset)));
            }
            Err(whole_batch) => delivery.failures.push(whole_batch),
        }
    }
    delivery.gave_up.extend(batch.into_iter().map(|record| (record.topic_partition(), record.offset)));
}

/// The records to deliver again, or the reason to deliver all of them again.
fn unfinished(
    invocation: &Invocation,
    batch: &[EventRecord],
    settings: &MappingSettings,
) -> Result<BTreeSet<(TopicPartition, i64)>, String> {
    let answer = match invocation {
        Invocation::Answered(answer) => answer,
        Invocation::Failed(error) => return Err(String::from_utf8_lossy(error).into_owned()),
        Invocation::TimedOut => return Err("timed out".to_owned()),
        Invocation::Crashed(how) => return Err(how.clone()),
    };
    if !settings.report_batch_item_failures {
        return Ok(BTreeSet::new());
    }
    let response: Option<PartialResponse> =
        serde_json::from_slice(answer).map_err(|error| format!("the response is not a batch response: {error}"))?;
    let failures = response.and_then(|response| response.batch_item_failures).unwrap_or_default();
    let reported: BTreeSet<_> = failures
        .into_iter()
        .map(|failure| (failure.item_identifier.partition, failure.item_identifier.offset))
        .collect();
    let known: BTreeSet<_> = batch.iter().map(|record| (record.topic_partition(), record.offset)).collect();
    if let Some((topic_partition, offset)) = reported.iter().find(|record| !known.contains(*record)) {
        return Err(format!("reported {topic_partition} offset {offset}, which is not in the batch"));
    }
    Ok(match settings.redelivery {
        Redelivery::Reported => reported,
        Redelivery::FromLowest => from_lowest(&reported, known),
    })
}

fn from_lowest(
    reported: &BTreeSet<(TopicPartition, i64)>,
    known: BTreeSet<(TopicPartition, i64)>,
) -> BTreeSet<(TopicPartition, i64)> {
    let mut lowest = BTreeMap::new();
    for (topic_partition, offset) in reported {
        // The set is in offset order: the first one stays.
        lowest.entry(topic_partition.clone()).or_insert(*offset);
    }
    known
        .into_iter()
        .filter(|(topic_partition, offset)| lowest.get(topic_partition).is_some_and(|lowest| offset >= lowest))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::source::RecordedLog;

    /// Answers in turn, then with success; remembers what it was invoked with.
    struct Scripted {
        answers: Mutex<Vec<Invocation>>,
        seen: Mutex<Vec<Vec<(String, i64)>>>,
    }

    impl Scripted {
        fn new(answers: impl IntoIterator<Item = Invocation>) -> Self {
            let mut answers: Vec<_> = answers.into_iter().collect();
            answers.reverse();
            Scripted { answers: Mutex::new(answers), seen: Mutex::default() }
        }

        fn seen(&self) -> Vec<Vec<(String, i64)>> {
            self.seen.lock().unwrap().clone()
        }
    }

    impl Target for Scripted {
        async fn invoke(&self, event: Bytes) -> Invocation {
            let event: Value = serde_json::from_slice(&event).unwrap();
            let partitions = event["records"].as_object().unwrap().iter();
            let records = partitions.flat_map(|(topic_partition, records)| {
                records
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|record| (topic_partition.clone(), record["offset"].as_i64().unwrap()))
            });
            self.seen.lock().unwrap().push(records.collect());
            self.answers.lock().unwrap().pop().unwrap_or(Invocation::Answered("null".into()))
        }
    }

    fn record(partition: i32, offset: i64) -> EventRecord {
        EventRecord {
            topic: "t".into(),
            partition,
            offset,
            timestamp: 0,
            timestamp_type: "CREATE_TIME",
            key: Some(None),
            value: Some(None),
            headers: Some(Vec::new()),
        }
    }

    fn reported(records: &[(&str, i64)]) -> Invocation {
        let failures: Vec<_> = records
            .iter()
            .map(
                |(topic_partition, offset)| json!({"itemIdentifier": {"partition": topic_partition, "offset": offset}}),
            )
            .collect();
        Invocation::Answered(json!({"batchItemFailures": failures}).to_string().into())
    }

    fn settings() -> MappingSettings {
        MappingSettings { retry_pause: Duration::ZERO, report_batch_item_failures: true, ..Default::default() }
    }

    async fn run(records: Vec<EventRecord>, target: &Scripted, settings: &MappingSettings) -> Delivery {
        deliver(&mut RecordedLog::of(records), target, settings, |_| ()).await
    }

    fn topic_partition(topic_partition: &str, offsets: impl IntoIterator<Item = i64>) -> Vec<(String, i64)> {
        offsets.into_iter().map(|offset| (topic_partition.to_owned(), offset)).collect()
    }

    #[tokio::test]
    async fn batches_are_bounded_by_count_and_by_bytes() {
        let target = Scripted::new([]);
        let settings = MappingSettings { batch_size: 2, ..settings() };
        let delivery = run((0..5).map(|offset| record(0, offset)).collect(), &target, &settings).await;
        assert_eq!(
            target.seen(),
            [topic_partition("t-0", 0..2), topic_partition("t-0", 2..4), topic_partition("t-0", 4..5)]
        );
        assert_eq!((delivery.records, delivery.batches, delivery.invocations), (5, 3, 3));

        let mut large = record(0, 0);
        large.value = Some(Some("A".repeat(3 * 1024 * 1024)));
        let target = Scripted::new([]);
        let records = (0..3).map(|offset| EventRecord { offset, ..large.clone() }).collect();
        run(records, &target, &MappingSettings::default()).await;
        assert_eq!(target.seen().len(), 3, "two of them are more than 6 MB");
    }

    #[tokio::test]
    async fn after_an_error_the_whole_batch_comes_again() {
        for failure in [Invocation::Failed("{}".into()), Invocation::TimedOut, Invocation::Crashed("gone".into())] {
            let target = Scripted::new([failure]);
            let delivery = run(vec![record(0, 0), record(1, 0)], &target, &settings()).await;
            let both = [topic_partition("t-0", 0..1), topic_partition("t-1", 0..1)].concat();
            assert_eq!(target.seen(), [both.clone(), both]);
            assert!(delivery.gave_up.is_empty());
        }
    }

    #[tokio::test]
    async fn only_what_was_reported_comes_again() {
        let records: Vec<_> = (0..4).map(|offset| record(0, offset)).chain([record(1, 7)]).collect();
        let target = Scripted::new([reported(&[("t-0", 1), ("t-0", 3)])]);
        run(records.clone(), &target, &settings()).await;
        assert_eq!(target.seen()[1], topic_partition("t-0", [1, 3]));

        let target = Scripted::new([reported(&[("t-0", 1)])]);
        run(records, &target, &MappingSettings { redelivery: Redelivery::FromLowest, ..settings() }).await;
        assert_eq!(target.seen()[1], topic_partition("t-0", 1..4));
    }

    #[tokio::test]
    async fn an_unknown_record_in_the_report_brings_back_the_whole_batch() {
        for unknown in [("t", 0), ("t-0", 5), ("t-1", 0)] {
            let target = Scripted::new([reported(&[("t-0", 1), unknown])]);
            run(vec![record(0, 0), record(0, 1)], &target, &settings()).await;
            assert_eq!(target.seen()[1], topic_partition("t-0", 0..2), "{unknown:?}");
        }
        let target = Scripted::new([Invocation::Answered("{\"batchItemFailures\":[{}]}".into())]);
        run(vec![record(0, 0)], &target, &settings()).await;
        assert_eq!(target.seen().len(), 2);
    }

    #[tokio::test]
    async fn a_report_is_ignored_where_the_mapping_does_not_expect_one() {
        let target = Scripted::new([reported(&[("t-0", 0)])]);
        let settings = MappingSettings { report_batch_item_failures: false, ..settings() };
        run(vec![record(0, 0)], &target, &settings).await;
        assert_eq!(target.seen().len(), 1);
    }

    #[tokio::test]
    async fn every_shape_of_success_is_one() {
        for success in ["null", "{}", "{\"batchItemFailures\":[]}", "{\"batchItemFailures\":null}"] {
            let target = Scripted::new([Invocation::Answered(success.into())]);
            run(vec![record(0, 0)], &target, &settings()).await;
            assert_eq!(target.seen().len(), 1, "{success}");
        }
    }

    #[tokio::test]
    async fn without_attempts_left_records_are_named_and_the_next_batch_follows() {
        let target = Scripted::new([Invocation::TimedOut, reported(&[("t-0", 1)]), Invocation::TimedOut]);
        let settings = MappingSettings { batch_size: 2, maximum_retry_attempts: 2, ..settings() };
        let delivery = run((0..3).map(|offset| record(0, offset)).collect(), &target, &settings).await;
        assert_eq!(delivery.gave_up, BTreeSet::from([("t-0".to_owned(), 1)]));
        assert_eq!((delivery.invocations, delivery.records), (4, 3));
        assert_eq!(target.seen()[3], topic_partition("t-0", [2]));
    }
}
