//! Where records come from: a recording, which an event source mapping reads, and a log that another process appends to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use event_source_mapping::machine::TopicPartition;
use event_source_mapping::{KafkaRecord, Source, SourceError, SourceEvent};
use futures_util::future::BoxFuture;
use recordings::Recording;

use crate::event::{EventRecord, Nulls};

/// A list of records, read once from its beginning: a source of [`deliver`](crate::deliver).
#[derive(Debug)]
pub struct RecordedLog {
    events: VecDeque<SourceEvent>,
    records: usize,
    committed: Arc<Mutex<BTreeMap<String, i64>>>,
}

impl RecordedLog {
    /// One topic of a recording.
    pub fn of_topic(recording: &Recording, topic: &str, nulls: Nulls) -> Self {
        Self::of(recording.of_topic(topic).map(|record| EventRecord::new(record, nulls)))
    }

    /// Records made by hand.
    pub fn of(records: impl IntoIterator<Item = EventRecord>) -> Self {
        let records: Vec<_> = records.into_iter().map(written).collect();
        let partitions: BTreeSet<_> = records.iter().map(|(record, _)| record.at.clone()).collect();
        let count = records.len();
        let mut events: VecDeque<_> = partitions.into_iter().map(SourceEvent::Assigned).collect();
        events.push_back(SourceEvent::Written(records));
        RecordedLog { events, records: count, committed: Arc::default() }
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How far each partition is finished, by `topic-partition`: the offset behind the last finished record.
    pub fn committed(&self) -> BTreeMap<String, i64> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The record as the mapping takes it. Its bytes stand in its JSON alone, where they may be broken.
fn written(record: EventRecord) -> (KafkaRecord, String) {
    // Only texts, numbers and lists of them, which always serialise.
    let json = serde_json::to_string(&record).unwrap_or_default();
    let EventRecord { topic, partition, offset, timestamp, .. } = record;
    let at = TopicPartition::new(&topic, partition);
    (KafkaRecord { at, offset, timestamp, log_append_time: false, key: None, value: None, headers: Vec::new() }, json)
}

impl Source for RecordedLog {
    async fn next(&mut self) -> Option<SourceEvent> {
        self.events.pop_front()
    }

    fn commit(&self, at: &TopicPartition, offset: i64) -> BoxFuture<'static, Result<(), SourceError>> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).insert(at.to_string(), offset);
        Box::pin(std::future::ready(Ok(())))
    }

    /// All records are in memory already.
    async fn set_paused(&self, _at: &TopicPartition, _paused: bool) {}
}

/// A log that another process appends to, read from its beginning.
///
/// Each line is a record as in `records.jsonl` of a recording. A line without a line break is still being written, or
/// was cut off by a crash: it is not read.
#[derive(Debug)]
pub struct GrowingLog {
    path: PathBuf,
    topic: String,
    nulls: Nulls,
    read: u64,
    ready: VecDeque<EventRecord>,
    broken: Option<LogError>,
}

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read.
    #[error("the log {} cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not a record.
    #[error("the log {} contains a line that is not a record, at byte {at}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where the line begins.
        at: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl GrowingLog {
    /// The records of one topic. The file need not exist yet.
    pub fn of_topic(path: impl Into<PathBuf>, topic: impl Into<String>, nulls: Nulls) -> Self {
        let (path, topic) = (path.into(), topic.into());
        GrowingLog { path, topic, nulls, read: 0, ready: VecDeque::new(), broken: None }
    }

    /// At most `most` further records, in offset order within each partition. Empty when there are none at the moment.
    pub fn poll(&mut self, most: usize) -> Vec<EventRecord> {
        if self.broken.is_none()
            && let Err(error) = self.catch_up()
        {
            self.broken = Some(error);
        }
        let most = most.min(self.ready.len());
        self.ready.drain(..most).collect()
    }

    /// What stopped the reading, if anything did. A log that failed returns no more records.
    pub fn broken(&self) -> Option<&LogError> {
        self.broken.as_ref()
    }

    /// What stopped the reading, by value.
    pub fn into_broken(self) -> Option<LogError> {
        self.broken
    }

    /// Reads the lines that were finished since the last call.
    fn catch_up(&mut self) -> Result<(), LogError> {
        let broken = |source| LogError::Io { path: self.path.clone(), source };
        let mut file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(broken(error)),
        };
        file.seek(SeekFrom::Start(self.read)).map_err(broken)?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line).map_err(broken)?;
            if line.last() != Some(&b'\n') {
                return Ok(());
            }
            let record: recordings::Record = serde_json::from_slice(&line).map_err(|source| LogError::Malformed {
                path: self.path.clone(),
                at: self.read,
                source,
            })?;
            self.read += length as u64;
            if record.topic == self.topic {
                self.ready.push_back(EventRecord::new(&record, self.nulls));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn line(topic: &str, offset: i64) -> String {
        format!(
            "{{\"topic\":\"{topic}\",\"partition\":0,\"offset\":{offset},\"timestamp\":1,\"key\":null,\"value\":\"AA==\",\"headers\":[]}}\n"
        )
    }

    #[test]
    fn a_growing_log_returns_the_lines_finished_since_the_last_call() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        let mut log = GrowingLog::of_topic(&path, "a", Nulls::Written);
        assert!(log.poll(10).is_empty(), "there is no file yet");

        let mut file = std::fs::File::create(&path).unwrap();
        let third = line("a", 1);
        let (begun, rest) = third.split_at(20);
        write!(file, "{}{}{begun}", line("a", 0), line("b", 0)).unwrap();
        let offsets = |records: Vec<EventRecord>| records.iter().map(|record| record.offset).collect::<Vec<_>>();
        assert_eq!(offsets(log.poll(10)), [0], "another topic and a line that is being written are not there");
        write!(file, "{rest}{}", line("a", 2)).unwrap();
        assert_eq!(offsets(log.poll(1)), [1]);
        assert_eq!(offsets(log.poll(10)), [2]);
        assert!(log.poll(10).is_empty() && log.broken().is_none());
    }

    #[test]
    fn a_line_that_is_not_a_record_stops_the_reading_and_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        std::fs::write(&path, format!("{}dear diary\n{}", line("a", 0), line("a", 1))).unwrap();
        let mut log = GrowingLog::of_topic(&path, "a", Nulls::Written);
        assert_eq!(log.poll(10).len(), 1);
        assert!(log.poll(10).is_empty());
        assert!(log.broken().unwrap().to_string().contains("records.jsonl contains a line that is not a record"));
    }
}
