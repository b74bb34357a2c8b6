//! One assigned partition: what was read of it, and how far it is finished.

use std::collections::{BTreeSet, VecDeque};

use super::record::{Record, Time};
use super::rules::{Rule, holds};

#[derive(Debug)]
pub(super) struct Partition<R> {
    /// Read, and in no batch yet.
    pub(super) buffered: VecDeque<R>,
    pub(super) buffered_bytes: usize,
    /// Since when something waits for a batch.
    pub(super) waiting_since: Time,
    /// Offsets that were read and are not finished, buffered ones included.
    unfinished: BTreeSet<i64>,
    /// Behind the last offset that was read.
    read_to: Option<i64>,
    /// Behind the last offset that is known to be committed: at first, where reading began.
    committed: Option<i64>,
}

impl<R: Record> Partition<R> {
    pub(super) fn new() -> Self {
        Partition {
            buffered: VecDeque::new(),
            buffered_bytes: 0,
            waiting_since: Time::default(),
            unfinished: BTreeSet::new(),
            read_to: None,
            committed: None,
        }
    }

    pub(super) fn receive(&mut self, record: R, now: Time) {
        self.committed.get_or_insert(record.offset());
        self.read_to = Some(record.offset() + 1);
        if !record.passes_filter() && holds(Rule::Filtered) {
            return;
        }
        if self.buffered.is_empty() {
            self.waiting_since = now;
        }
        self.unfinished.insert(record.offset());
        self.buffered_bytes += record.payload_bytes();
        self.buffered.push_back(record);
    }

    pub(super) fn take(&mut self, now: Time) -> Option<R> {
        let record = self.buffered.pop_front()?;
        self.buffered_bytes -= record.payload_bytes();
        self.waiting_since = now;
        Some(record)
    }

    pub(super) fn finish(&mut self, offset: i64) {
        self.unfinished.remove(&offset);
    }

    pub(super) fn unfinished(&self) -> u64 {
        u64::try_from(self.unfinished.len()).unwrap_or(u64::MAX)
    }

    /// The offset to commit, if it has grown.
    pub(super) fn take_commit(&mut self) -> Option<i64> {
        let first = if holds(Rule::CommitStopsAtUnfinished) { self.unfinished.first() } else { None };
        let position = first.copied().or(self.read_to)?;
        if self.committed.is_some_and(|committed| position <= committed) {
            return None;
        }
        self.committed = Some(position);
        Some(position)
    }
}
