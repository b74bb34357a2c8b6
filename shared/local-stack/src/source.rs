//! Where an event source mapping takes its records from.

use std::collections::VecDeque;

use crate::event::{EventRecord, Nulls};
use crate::recording::Recording;

/// A partition of a topic, as events name it: `topic-partition`.
pub type Lane = String;

/// A consumer of one topic.
pub trait Source: Send {
    /// At most `most` further records, in offset order within each partition. Empty when there are none for now.
    fn poll(&mut self, most: usize) -> impl Future<Output = Vec<EventRecord>> + Send;

    /// Everything below `offset` of that partition is finished and need not be handed out again.
    fn commit(&mut self, lane: &Lane, offset: i64) -> impl Future<Output = ()> + Send;
}

/// A recorded log, read once from its beginning.
#[derive(Debug)]
pub struct RecordedLog {
    records: VecDeque<EventRecord>,
}

impl RecordedLog {
    /// One topic of a recording.
    pub fn of_topic(recording: &Recording, topic: &str, nulls: Nulls) -> Self {
        Self::of(recording.of_topic(topic).map(|record| EventRecord::new(record, nulls)))
    }

    /// How many records are left.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Records made by hand.
    pub fn of(records: impl IntoIterator<Item = EventRecord>) -> Self {
        RecordedLog { records: records.into_iter().collect() }
    }
}

impl Source for RecordedLog {
    async fn poll(&mut self, most: usize) -> Vec<EventRecord> {
        let most = most.min(self.records.len());
        self.records.drain(..most).collect()
    }

    /// A recording is replayed whole every time.
    async fn commit(&mut self, _lane: &Lane, _offset: i64) {}
}
