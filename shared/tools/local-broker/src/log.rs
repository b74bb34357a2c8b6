//! The log: a file with a JSON line for each record, in the format of `events/recorded/*/records.jsonl`.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64_simd::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, BatchRecord};

/// Where each topic-partition goes on.
pub(crate) type NextOffsets = HashMap<(String, i32), i64>;

/// The file, which this process has locked.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// The log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read or written.
    #[error("the broker's log {} cannot be used: check that its folder exists and may be written to", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another broker has the file.
    #[error("the broker's log {} is in use by another broker: stop that one, or choose another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line is not a record.
    #[error("the broker's log {} has a line that is not a record, at byte {at}: move the file away", path.display())]
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
    /// Bytes as Java shows them, with a sign.
    headers: Vec<BTreeMap<&'a str, Vec<i8>>>,
}

#[derive(Deserialize)]
struct Place {
    topic: String,
    partition: i32,
    offset: i64,
}

impl Log {
    /// Opens or makes the file and reads where its topic-partitions go on. A last line that a crash cut off was acknowledged
    /// to nobody: it is removed.
    pub(crate) fn open(path: &Path) -> Result<(Self, NextOffsets), LogError> {
        let io = |source| LogError::Io { path: path.to_path_buf(), source };
        let mut file = File::options().read(true).append(true).create(true).open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse { path: path.to_path_buf() }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut next = NextOffsets::new();
        let mut bytes = 0;
        let mut reader = BufReader::new(&mut file);
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(io)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let malformed = |source| LogError::Malformed { path: path.to_path_buf(), at: bytes, source };
            let place: Place = serde_json::from_slice(&line).map_err(malformed)?;
            next.insert((place.topic, place.partition), place.offset + 1);
            bytes += line.len() as u64;
        }
        file.set_len(bytes).map_err(io)?;
        Ok((Log { path: path.to_path_buf(), file, bytes }, next))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends all records of a batch or, as far as a reader can tell, none. They survive the end of this process, and not
    /// that of the machine.
    pub(crate) fn append(&mut self, topic: &str, partition: i32, base_offset: i64, batch: &Batch) -> io::Result<()> {
        let mut text = Vec::new();
        for (offset, record) in (base_offset..).zip(&batch.records) {
            serde_json::to_writer(&mut text, &Line::of(topic, partition, offset, record))?;
            text.push(b'\n');
        }
        let written = self.file.seek(SeekFrom::End(0)).and_then(|_| self.file.write_all(&text));
        if let Err(error) = written {
            self.file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += text.len() as u64;
        Ok(())
    }
}

impl<'a> Line<'a> {
    fn of(topic: &'a str, partition: i32, offset: i64, record: &'a BatchRecord) -> Self {
        let base64 = |bytes: &Bytes| STANDARD.encode_to_string(bytes);
        let header = |(name, value): &'a (String, Bytes)| {
            let signed = value.iter().map(|byte| byte.cast_signed()).collect();
            BTreeMap::from([(name.as_str(), signed)])
        };
        Line {
            topic,
            partition,
            offset,
            timestamp: record.timestamp,
            key: record.key.as_ref().map(base64),
            value: record.value.as_ref().map(base64),
            headers: record.headers.iter().map(header).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_record() -> Batch {
        let record =
            BatchRecord { timestamp: 1, key: None, value: Some(Bytes::from_static(b"v")), headers: Vec::new() };
        Batch { producer_id: -1, producer_epoch: -1, base_sequence: -1, records: vec![record] }
    }

    #[test]
    fn a_log_goes_on_where_it_ended_without_a_line_cut_off_by_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        let (mut log, next) = Log::open(&path).unwrap();
        assert!(next.is_empty());
        log.append("t", 2, 0, &one_record()).unwrap();
        drop(log);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"topic\":\"t")).unwrap();
        let (mut log, next) = Log::open(&path).unwrap();
        assert_eq!(next, HashMap::from([(("t".to_owned(), 2), 1)]));
        log.append("t", 2, 1, &one_record()).unwrap();
        let lines = std::fs::read_to_string(&path).unwrap();
        assert_eq!(lines, format!("{whole}{}", whole.replace("\"offset\":0", "\"offset\":1")));
    }

    #[test]
    fn a_file_that_is_not_a_log_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "dear diary\n").unwrap();
        let refused = Log::open(&path).unwrap_err().to_string();
        assert!(refused.contains("notes.txt") && refused.contains("byte 0"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "dear diary\n");
    }

    #[test]
    fn a_log_has_one_broker_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        let first = Log::open(&path).unwrap();
        assert!(matches!(Log::open(&path), Err(LogError::InUse { .. })));
        drop(first);
        Log::open(&path).unwrap();
    }
}
