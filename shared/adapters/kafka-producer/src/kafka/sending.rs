//! Hands the records of one call to the client: finds the partition of each, and keeps the planned batches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use krafka::error::KrafkaError;
use krafka::producer::{DeliveryHandle, Producer, Record, RecordMetadata};
use tokio::time::Instant;

use super::answer;
use super::config::KafkaConfig;
use super::in_order::{Answer, Batches, Placed};
use crate::error::{DeliveryError, DeliveryProblem};
use crate::partition::partition_of_key;
use crate::producer::{Delivered, OutgoingRecord};

/// The most bytes of unacknowledged records in the client; a larger record is refused.
pub(super) const BUFFER_BYTES: usize = 32 << 20;

/// The partitions of topics, each looked up once in a call.
pub(super) struct Directory<'a> {
    client: &'a Producer,
    topics: HashMap<String, Result<Partitions, KrafkaError>>,
}

/// The partitions of a topic.
#[derive(Clone, Copy)]
struct Partitions {
    count: u32,
    /// The partition of this call's records without a key.
    unkeyed: u32,
}

/// A record that was not sent.
pub(super) enum Unplaced {
    /// It is at fault itself.
    Faulty(DeliveryError),
    /// Its topic's partitions are not known.
    Kafka { topic: String, error: KrafkaError },
}

impl<'a> Directory<'a> {
    pub(super) fn of(client: &'a Producer) -> Self {
        Directory { client, topics: HashMap::new() }
    }

    /// The record in the client's form, and its place.
    pub(super) async fn place(&mut self, record: OutgoingRecord, now: i64) -> Result<(Placed, Record), Unplaced> {
        let topic = record.topic.clone();
        let partitions = match self.partitions(&topic).await {
            Ok(partitions) => partitions,
            Err(error) => return Err(Unplaced::Kafka { topic, error }),
        };
        let partition = match &record.key {
            Some(key) => partition_of_key(key, partitions.count),
            None => partitions.unkeyed.cast_signed(),
        };
        let record = as_krafkas(record, now).partition(partition);
        let faulty = |problem| DeliveryError::new(&topic, problem);
        if let Err(error) = record.validate() {
            return Err(Unplaced::Faulty(faulty(DeliveryProblem::Rejected).caused_by(error)));
        }
        let bytes = record.estimated_size();
        if bytes > BUFFER_BYTES {
            return Err(Unplaced::Faulty(faulty(DeliveryProblem::TooLarge)));
        }
        Ok((Placed { topic, partition, bytes }, record))
    }

    async fn partitions(&mut self, topic: &str) -> Result<Partitions, KrafkaError> {
        if let Some(known) = self.topics.get(topic) {
            return known.clone();
        }
        let found = self.client.partitions_for(topic).await.map(|partitions| {
            let count = u32::try_from(partitions.len()).unwrap_or(u32::MAX).max(1);
            Partitions { count, unkeyed: fastrand::u32(..count) }
        });
        self.topics.insert(topic.to_owned(), found.clone());
        found
    }
}

/// The records of a call, and the client that sends them.
pub(super) struct Sending<'a> {
    client: &'a Producer,
    config: &'a KafkaConfig,
    began: Instant,
    ended: AtomicBool,
    pub(super) placed: Vec<Placed>,
    pub(super) records: Vec<Record>,
}

impl<'a> Sending<'a> {
    pub(super) fn over(client: &'a Producer, config: &'a KafkaConfig, began: Instant) -> Self {
        let ended = AtomicBool::new(false);
        Sending { client, config, began, ended, placed: Vec::new(), records: Vec::new() }
    }

    /// Remembers an error that ends the client.
    pub(super) fn note(&self, error: &KrafkaError) {
        self.ended.fetch_or(error.is_fatal(), Ordering::Relaxed);
    }

    /// Whether the client has to be replaced.
    pub(super) fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Hands a batch to the client. Stops at a record that the client refuses.
    async fn enqueue(&self, batch: &[usize]) -> Vec<Result<DeliveryHandle, KrafkaError>> {
        let mut handles = Vec::with_capacity(batch.len());
        for index in batch {
            let handle = self.client.enqueue(self.records[*index].clone()).await;
            let stop = handle.is_err();
            handles.push(handle);
            if stop {
                break;
            }
        }
        handles
    }

    async fn acknowledged(&self, index: usize, handle: Result<DeliveryHandle, KrafkaError>) -> Answer {
        let topic = || self.placed[index].topic.clone();
        let handle = handle.map_err(|error| {
            self.note(&error);
            answer::before_sending(topic(), error, self.config)
        })?;
        let metadata = handle.await.map_err(|error| {
            self.note(&error);
            answer::after_queueing(topic(), error, self.config)
        })?;
        match metadata.is_persisted() {
            true => Ok(Delivered { partition: metadata.partition, offset: offset(&metadata) }),
            false => Err(DeliveryError::new(topic(), DeliveryProblem::Unacknowledged)),
        }
    }
}

impl Batches for Sending<'_> {
    fn in_time(&self) -> bool {
        self.began.elapsed() + self.config.delivery_timeout <= self.config.send_timeout()
    }

    async fn send(&self, batches: &[Vec<usize>]) -> Vec<Vec<Answer>> {
        let mut handed_over = Vec::with_capacity(batches.len());
        for batch in batches {
            handed_over.push(self.enqueue(batch).await);
        }
        // Completes the batches, one a partition, and waits until all are answered.
        if let Err(error) = self.client.flush().await {
            self.note(&error);
        }
        let mut all = Vec::with_capacity(batches.len());
        for (batch, handles) in batches.iter().zip(handed_over) {
            let mut answers = Vec::with_capacity(batch.len());
            let mut handles = handles.into_iter();
            for index in batch {
                answers.push(match handles.next() {
                    Some(handle) => self.acknowledged(*index, handle).await,
                    None => Err(DeliveryError::new(&self.placed[*index].topic, DeliveryProblem::NotSent)),
                });
            }
            all.push(answers);
        }
        all
    }
}

fn offset(metadata: &RecordMetadata) -> Option<i64> {
    metadata.is_success().then_some(metadata.offset)
}

fn as_krafkas(record: OutgoingRecord, now: i64) -> Record {
    let sent = Record::new(record.topic, record.value.clone().unwrap_or_default()).timestamp(now);
    let sent = if record.value.is_some() { sent } else { sent.without_value() };
    let sent = match record.key {
        Some(key) => sent.key(key),
        None => sent,
    };
    record.headers.into_iter().fold(sent, |sent, (name, value)| sent.header(name, value))
}
