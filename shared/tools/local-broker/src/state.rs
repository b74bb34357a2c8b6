//! The broker's state: topics, producer ids, the log, and the faults that a test asked for.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use crate::batch::{Batch, Refused};
use crate::fault::Fault;
use crate::log::{Log, NextOffsets};
use crate::partition::{Partition, Verdict};
use crate::topic::{Topic, TopicSettings};

/// Which fault a request to write meets, by its number from 0.
type Faults = Box<dyn Fn(usize) -> Option<Fault> + Send>;

/// The state, which each connection shares.
pub(crate) type Shared = Arc<Mutex<State>>;

/// Locks the state. A connection that panicked has left it whole: a change to it is the last step of writing a batch.
pub(crate) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct State {
    pub(crate) topics: Vec<Topic>,
    log: Log,
    /// Where topics go on that an earlier broker has written, until they are created here.
    earlier: NextOffsets,
    next_producer_id: i64,
    pub(crate) produce_requests: usize,
    pub(crate) faults: Faults,
}

impl State {
    pub(crate) fn new(log: Log, earlier: NextOffsets) -> Self {
        let faults: Faults = Box::new(|_| None);
        State { topics: Vec::new(), log, earlier, next_producer_id: 1_000, produce_requests: 0, faults }
    }

    /// Creates a topic unless it exists.
    pub(crate) fn create_topic(&mut self, name: &str, settings: TopicSettings) {
        if self.topics.iter().any(|topic| topic.name == name) {
            return;
        }
        let indexes = 0..settings.partitions.max(1).cast_signed();
        let next = |index| self.earlier.get(&(name.to_owned(), index)).copied().unwrap_or(0);
        let partitions = indexes.map(|index| Partition::at(next(index))).collect();
        self.topics.push(Topic { name: name.to_owned(), id: Uuid::new_v4(), settings, partitions });
    }

    /// A producer id that no other producer of this broker has.
    pub(crate) fn producer_id(&mut self) -> i64 {
        self.next_producer_id += 1;
        self.next_producer_id
    }

    /// Counts a request to write, and gives the fault that it meets.
    pub(crate) fn next_fault(&mut self) -> Option<Fault> {
        let fault = (self.faults)(self.produce_requests);
        self.produce_requests += 1;
        fault
    }

    /// Writes the batch of one partition and gives the offset of its first record.
    pub(crate) fn write(&mut self, topic: &str, index: i32, records: Option<Bytes>) -> Result<i64, Refused> {
        let unknown = Refused::new(ResponseError::UnknownTopicOrPartition, "there is no such topic or partition");
        let topic = self.topics.iter_mut().find(|found| found.name == topic).ok_or(unknown)?;
        let at = usize::try_from(index).map_err(|_| unknown)?;
        let partition = topic.partitions.get_mut(at).ok_or(unknown)?;
        let records = records.unwrap_or_default();
        if records.len() > topic.settings.max_message_bytes {
            return Err(Refused::new(ResponseError::MessageTooLarge, "the batch is larger than max.message.bytes"));
        }
        let batch = Batch::decode(records)?;
        check_records(&batch, &topic.settings)?;
        if let Verdict::Duplicate(base_offset) = partition.check(&batch)? {
            return Ok(base_offset);
        }
        if let Err(error) = self.log.append(&topic.name, index, partition.next_offset, &batch) {
            eprintln!("local broker: cannot write to {}: {error}", self.log.path().display());
            return Err(Refused::new(ResponseError::KafkaStorageError, "the broker cannot write to its log"));
        }
        Ok(partition.written(&batch))
    }
}

fn check_records(batch: &Batch, settings: &TopicSettings) -> Result<(), Refused> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let latest = i64::try_from((now + settings.timestamp_after_max).as_millis()).unwrap_or(i64::MAX);
    for record in &batch.records {
        if settings.compacted && record.key.is_none() {
            return Err(Refused::new(ResponseError::InvalidRecord, "a compacted topic takes no record without a key"));
        }
        if record.timestamp > latest {
            let message = "a timestamp is later than message.timestamp.after.max.ms allows";
            return Err(Refused::new(ResponseError::InvalidTimestamp, message));
        }
    }
    Ok(())
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("topics", &self.topics).field("log", &self.log).finish_non_exhaustive()
    }
}
