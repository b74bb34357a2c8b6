//! Reads records, and watches whether the brokers answer and how far behind the group is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use krafka::consumer::{
    Consumer, ConsumerRecord, OffsetAndMetadata, TimestampType, TopicPartition as KafkaTopicPartition,
};
use krafka::error::{KrafkaError, Result};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::events::{Events, of_partition};
use super::settings::StartingPosition;
use crate::machine::TopicPartition;
use crate::ports::{SourceError, SourceEvent};
use crate::record::KafkaRecord;

/// How long one look for records takes at most.
pub(super) const POLL: Duration = Duration::from_millis(500);
/// The same while a partition is paused: when it is resumed, it is read again only by the next look.
const POLL_BESIDE_PAUSED: Duration = Duration::from_millis(20);
/// Polls whose records may wait for the mapping.
const WAITING_POLLS: usize = 1;
/// How often the ends of the partitions are asked for, and the lag is reported.
const WATCH_EVERY: Duration = Duration::from_millis(500);
/// How long a broker may take to answer before that is reported.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often a trouble that goes on is reported again.
const REPORT_AGAIN: Duration = Duration::from_secs(30);
/// The pause after an error, so that a broker that is down does not fill the log.
const PAUSE: Duration = Duration::from_secs(1);
/// The timestamps by which Kafka is asked for the end and the beginning of a partition.
const END: i64 = -1;
const BEGINNING: i64 = -2;

type Ends = BTreeMap<TopicPartition, i64>;

/// Both tasks behind a `KafkaSource`.
#[derive(Clone)]
pub(super) struct Reader {
    consumer: Arc<Consumer>,
    tell: Events,
    waiting: Arc<Semaphore>,
    starting_position: StartingPosition,
    ends: Arc<Mutex<Ends>>,
}

impl Reader {
    pub(super) fn new(consumer: Arc<Consumer>, tell: Events, starting_position: StartingPosition) -> Self {
        let waiting = Arc::new(Semaphore::new(WAITING_POLLS));
        Reader { consumer, tell, waiting, starting_position, ends: Arc::default() }
    }

    /// Reads until nobody listens.
    pub(super) async fn read(self) {
        let mut reported = Instant::now();
        while !self.tell.is_closed() {
            let paused = !self.consumer.paused_partitions().await.is_empty();
            let error = match self.consumer.poll(if paused { POLL_BESIDE_PAUSED } else { POLL }).await {
                Ok(records) => {
                    self.records(records).await;
                    None
                }
                Err(KrafkaError::NoOffset { partitions }) => self.begin(&partitions).await.err(),
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                self.trouble(format!("reading: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
            if reported.elapsed() >= WATCH_EVERY {
                reported = Instant::now();
                self.lag().await;
            }
        }
    }

    async fn records(&self, records: Vec<ConsumerRecord>) {
        if records.is_empty() {
            return;
        }
        // The semaphore is never closed.
        let permit = Arc::clone(&self.waiting).acquire_owned().await.ok();
        let records = SourceEvent::Records(records.into_iter().map(of_kafka).collect());
        // Nobody listens when the mapping has ended.
        let _ = self.tell.send((records, permit));
    }

    /// Commits and goes to the starting position of partitions that have no usable offset. Without the commit, a member
    /// that gets the partition later would begin at an end that is further on, and what lies between would be skipped.
    async fn begin(&self, partitions: &[(String, i32)]) -> Result<()> {
        let asked: Vec<_> = partitions.iter().map(|(topic, partition)| (topic.as_str(), *partition)).collect();
        let outdated = self.consumer.committed(&asked).await?;
        let timestamp = match self.starting_position {
            StartingPosition::Latest => END,
            StartingPosition::TrimHorizon => BEGINNING,
            StartingPosition::AtTimestamp(at) => at,
        };
        let mut offsets = self.consumer.offsets_for_times(&asked, timestamp).await;
        let nothing_so_new = |at: &&(&str, i32)| {
            offsets.get(&(at.0.to_owned(), at.1)).is_some_and(|offset| matches!(offset, Ok(offset) if *offset < 0))
        };
        let at_the_end: Vec<_> = asked.iter().filter(nothing_so_new).copied().collect();
        offsets.extend(self.consumer.offsets_for_times(&at_the_end, END).await);
        for ((topic, partition), offset) in offsets {
            let offset = offset?;
            let at = KafkaTopicPartition::new(topic.clone(), partition);
            self.consumer.commit_offsets([(&at, OffsetAndMetadata::new(offset))]).await?;
            self.consumer.seek(&topic, partition, offset).await?;
            if let Some(old) = outdated.get(&(topic, partition)).filter(|old| old.offset >= 0) {
                self.trouble(format!(
                    "{}: the committed offset {} is not in the topic any more; reading goes on at {offset}, by StartingPosition",
                    of_partition(&at),
                    old.offset
                ));
            }
        }
        Ok(())
    }

    /// Reports the lag of what was read, once the end of each partition is known.
    async fn lag(&self) {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let behind = |(at, lag): (KafkaTopicPartition, krafka::consumer::PartitionLag)| {
            let at = of_partition(&at);
            let end = ends.get(&at)?;
            Some((at, u64::try_from(end.saturating_sub(lag.position?)).unwrap_or(0)))
        };
        let lag: Option<BTreeMap<_, _>> = self.consumer.lag().await.into_iter().map(behind).collect();
        if let Some(lag) = lag {
            let _ = self.tell.send((SourceEvent::Lag(lag), None));
        }
    }

    /// Asks for the ends of the partitions until nobody listens, and reports brokers that do not answer: reading itself
    /// waits for them without a word.
    pub(super) async fn watch(self) {
        let mut reported: Option<Instant> = None;
        while !self.tell.is_closed() {
            tokio::time::sleep(WATCH_EVERY).await;
            let assigned = self.consumer.assignment().await;
            let asked: Vec<_> = assigned
                .iter()
                .flat_map(|(topic, partitions)| partitions.iter().map(move |partition| (topic.as_str(), *partition)))
                .collect();
            let answer = tokio::time::timeout(ANSWERS_WITHIN, self.consumer.offsets_for_times(&asked, END)).await;
            let ends: Result<Ends> = match answer {
                Ok(ends) => ends
                    .into_iter()
                    .map(|((topic, partition), end)| Ok((TopicPartition::new(&topic, partition), end?)))
                    .collect(),
                Err(_) => Err(KrafkaError::timeout("asking for the end of a partition")),
            };
            match ends {
                Ok(ends) => {
                    if reported.take().is_some() {
                        self.trouble("the brokers answer again".to_owned());
                    }
                    *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = ends;
                }
                Err(error) if reported.is_none_or(|reported| reported.elapsed() >= REPORT_AGAIN) => {
                    reported = Some(Instant::now());
                    self.trouble(format!("the brokers do not answer, reading waits for them: {error}"));
                }
                Err(_) => {}
            }
        }
    }

    fn trouble(&self, text: String) {
        let _ = self.tell.send((SourceEvent::Trouble(SourceError(text)), None));
    }
}

fn of_kafka(record: ConsumerRecord) -> KafkaRecord {
    KafkaRecord {
        at: TopicPartition { topic: Arc::clone(&record.topic), partition: record.partition },
        offset: record.offset,
        timestamp: record.timestamp,
        log_append_time: record.timestamp_type == TimestampType::LogAppendTime,
        key: record.key,
        value: record.value,
        headers: record.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
    }
}
