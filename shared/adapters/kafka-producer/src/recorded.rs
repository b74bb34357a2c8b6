//! A file in place of Kafka, for a laptop: one JSON line a record, as in `events/recorded/*/records.jsonl`.
//!
//! A local event source mapping reads the file while it grows. Several processes may write to it: each call takes the
//! file's lock. A line without its end was cut off by a crash, was acknowledged to nobody, and is cleared away by the
//! next writer.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use event_runtime::{Clock, SystemClock};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::error::{DeliveryError, DeliveryProblem};
use crate::partition::partition_of_key;
use crate::producer::{Delivered, OutgoingRecord, Producer};

/// A larger record is refused, as by a topic of Kafka with its usual settings (`max.message.bytes`).
const MAX_RECORD_BYTES: usize = 1 << 20;

/// The log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RecordedLog(Arc<Log>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    partitions: u32,
    known: Mutex<Known>,
}

/// What has been read of the file: where each partition goes on.
#[derive(Debug, Default)]
struct Known {
    bytes: u64,
    next: HashMap<(String, i32), i64>,
    unkeyed: u32,
}

/// The log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordedLogError {
    /// The file cannot be read or written.
    #[error("the recorded log {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not one of ours.
    #[error("the recorded log {} holds a line that is no record, at byte {at}: move the file away", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where the line begins.
        at: u64,
        /// What is wrong.
        source: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<BTreeMap<&'a str, Vec<i8>>>,
}

#[derive(Deserialize)]
struct Place {
    topic: String,
    partition: i32,
    offset: i64,
}

impl RecordedLog {
    /// A log in a file, which the first record creates. Every topic has so many partitions (0 counts as 1).
    pub fn new(path: impl Into<PathBuf>, partitions: u32) -> Self {
        let (path, partitions) = (path.into(), partitions.max(1));
        RecordedLog(Arc::new(Log { path, partitions, known: Mutex::default() }))
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl Producer for RecordedLog {
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>> {
        let log = Arc::clone(&self.0);
        async move {
            if records.is_empty() {
                return Vec::new();
            }
            let topics: Vec<_> = records.iter().map(|record| record.topic.clone()).collect();
            // Locking and syncing a file block.
            match tokio::task::spawn_blocking(move || log.append(&records)).await {
                Ok(Ok(answers)) => answers,
                Ok(Err(error)) => {
                    let error = Arc::new(error);
                    topics.into_iter().map(|topic| Err(unwritable(topic, Arc::clone(&error)))).collect()
                }
                Err(lost) => {
                    let error = Arc::new(lost);
                    topics.into_iter().map(|topic| Err(unwritable(topic, Arc::clone(&error)))).collect()
                }
            }
        }
        .boxed()
    }
}

fn bytes(record: &OutgoingRecord) -> usize {
    let bytes = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, |part| part.len());
    let headers = record.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    bytes(&record.key) + bytes(&record.value) + headers
}

fn unwritable<E: std::error::Error + Send + Sync + 'static>(topic: String, error: Arc<E>) -> DeliveryError {
    DeliveryError::new(topic, DeliveryProblem::Log).caused_by(error)
}

impl Log {
    /// Appends all of them that are not too large or, as far as readers can tell, none.
    fn append(&self, records: &[OutgoingRecord]) -> Result<Vec<Result<Delivered, DeliveryError>>, RecordedLogError> {
        let mut file = self.open().map_err(|source| self.io(source))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up(&mut file, &mut known)?;
        let mut text = Vec::new();
        let mut answers = Vec::with_capacity(records.len());
        let mut next = known.next.clone();
        let sent_at = i64::try_from(SystemClock.now().0).unwrap_or(i64::MAX);
        for record in records {
            if bytes(record) > MAX_RECORD_BYTES {
                answers.push(Err(DeliveryError::new(&record.topic, DeliveryProblem::TooLarge)));
                continue;
            }
            let partition = match &record.key {
                Some(key) => partition_of_key(key, self.partitions),
                None => {
                    known.unkeyed = known.unkeyed.wrapping_add(1);
                    (known.unkeyed % self.partitions).cast_signed()
                }
            };
            let offset = next.entry((record.topic.clone(), partition)).or_insert(0);
            let line = Line::of(record, partition, *offset, sent_at);
            serde_json::to_writer(&mut text, &line).map_err(|source| RecordedLogError::Malformed {
                path: self.path.clone(),
                at: known.bytes,
                source,
            })?;
            text.push(b'\n');
            answers.push(Ok(Delivered { partition, offset: Some(*offset) }));
            *offset += 1;
        }
        let written = file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&text)).and_then(|()| file.sync_data());
        written.map_err(|source| self.io(source))?;
        known.next = next;
        known.bytes += text.len() as u64;
        Ok(answers)
    }

    /// Opens and locks the file; closing unlocks it.
    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::options().read(true).append(true).create(true).open(&self.path)?;
        file.lock()?;
        Ok(file)
    }

    /// Reads what others have appended, and cuts off a line that a crash left unfinished.
    fn catch_up(&self, file: &mut File, known: &mut Known) -> Result<(), RecordedLogError> {
        let length = file.metadata().map_err(|source| self.io(source))?.len();
        if length < known.bytes {
            // Somebody began the log anew.
            *known = Known::default();
        }
        file.seek(SeekFrom::Start(known.bytes)).map_err(|source| self.io(source))?;
        let mut reader = BufReader::new(&mut *file);
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(|source| self.io(source))?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let place: Place = serde_json::from_slice(&line).map_err(|source| RecordedLogError::Malformed {
                path: self.path.clone(),
                at: known.bytes,
                source,
            })?;
            known.next.insert((place.topic, place.partition), place.offset + 1);
            known.bytes += line.len() as u64;
        }
        if !line.is_empty() {
            file.set_len(known.bytes).map_err(|source| self.io(source))?;
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> RecordedLogError {
        RecordedLogError::Io { path: self.path.clone(), source }
    }
}

impl<'a> Line<'a> {
    fn of(record: &'a OutgoingRecord, partition: i32, offset: i64, timestamp: i64) -> Self {
        let base64 = |bytes: &bytes::Bytes| base64_simd::STANDARD.encode_to_string(bytes);
        let header = |(name, value): &'a (String, bytes::Bytes)| {
            let signed = value.iter().map(|byte| byte.cast_signed()).collect();
            BTreeMap::from([(name.as_str(), signed)])
        };
        Line {
            topic: &record.topic,
            partition,
            offset,
            timestamp,
            key: record.key.as_ref().map(base64),
            value: record.value.as_ref().map(base64),
            headers: record.headers.iter().map(header).collect(),
        }
    }
}
