//! The single pass over an event: its members, its topic-partitions, and their elements.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    Entry, Event, EventSource, Malformed, RecordError, Redrive, TopicPartition,
    cursor::{Cursor, Fault, FaultKind},
    fast_path::{self, Last},
    record,
    record_error::RecordFault,
};

/// The fewest bytes that a record takes in an event; an element that takes less is not a record.
const LEAST_RECORD_BYTES: usize = 32;
/// How many elements an event may have before their average size is checked.
const CROWD: usize = 64;
/// After so many elements of a topic-partition the number of all is estimated.
const ESTIMATED_FROM: usize = 16;

/// The event's bytes cannot be split into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {at} of the event")]
pub struct ScanError {
    fault: ScanFault,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum ScanFault {
    #[error("the event's JSON ends too early")]
    Truncated,
    #[error("the event is not JSON: expected {0}")]
    Expected(&'static str),
    #[error(
        "this is not a Kafka event: `records` is missing or not an object; invoke the function by a Kafka event source mapping"
    )]
    NoRecords,
    #[error("the name of a topic-partition is not text")]
    TopicPartitionName,
    #[error(
        "`redrive` must be {{\"letterId\": text, \"attempt\": a number from 1}}; send the letter again with redrive-dead-letters"
    )]
    Redrive,
    #[error(
        "a redriven event must hold exactly one record, and this one holds {0}; send each letter in an event of its own"
    )]
    RedriveRecords(usize),
}

impl ScanError {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self.fault {
            ScanFault::Truncated => "event_truncated",
            ScanFault::Expected(_) => "event_not_json",
            ScanFault::NoRecords => "event_without_records",
            ScanFault::TopicPartitionName => "event_lane_unnamed",
            ScanFault::Redrive | ScanFault::RedriveRecords(_) => "event_redrive_mark",
        }
    }

    /// Where in the event the error is, in bytes from its start.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl From<Fault> for ScanError {
    fn from(Fault { at, kind }: Fault) -> Self {
        let fault = match kind {
            FaultKind::Truncated => ScanFault::Truncated,
            FaultKind::Expected(what) => ScanFault::Expected(what),
        };
        Self { fault, at }
    }
}

impl<'a> Event<'a> {
    /// Scans an event in one pass.
    ///
    /// Members may come in any order, unknown ones are ignored, and of a member that occurs twice at this level the last
    /// value counts, except `records`, whose topic-partitions are all kept. Metadata of an unexpected type counts as
    /// absent.
    ///
    /// # Errors
    /// Only when the bytes cannot be split into records: JSON that ends too early or cannot be delimited, or `records` that
    /// is missing or not an object; and when the event is marked as a redrive but the mark cannot be read, or the event
    /// has more or fewer than one record (read as an ordinary event, its record could be dead-lettered again). Everything
    /// else is an error of one record: [`Entry::Malformed`].
    pub fn scan(body: &'a [u8]) -> Result<Event<'a>, ScanError> {
        event(body)
    }
}

pub(crate) fn event(body: &[u8]) -> Result<Event<'_>, ScanError> {
    let mut scan = Scan { cursor: Cursor::new(body), elements: 0 };
    let event = scan.event()?;
    scan.cursor.skip_space();
    if scan.cursor.peek().is_some() {
        return Err(scan.cursor.unexpected("the end of the event").into());
    }
    Ok(event)
}

struct Scan<'a> {
    cursor: Cursor<'a>,
    /// Elements met so far, in all partitions.
    elements: usize,
}

impl<'a> Scan<'a> {
    fn event(&mut self) -> Result<Event<'a>, ScanError> {
        let mut event = Event {
            source: EventSource::Other(Cow::Borrowed("")),
            source_arn: None,
            bootstrap_servers: None,
            redrive: None,
            partitions: Vec::new(),
        };
        let mut has_records = false;
        self.cursor.expect(b'{', "an object")?;
        let mut first = true;
        while let Some(name) = self.member(&mut first)? {
            match name.as_deref() {
                Some("records") => {
                    has_records = true;
                    self.partitions(&mut event.partitions)?;
                }
                Some("eventSource") => {
                    event.source = match self.text()? {
                        Some(text) if text == "aws:kafka" => EventSource::Msk,
                        Some(text) if text == "SelfManagedKafka" => EventSource::SelfManaged,
                        other => EventSource::Other(other.unwrap_or_default()),
                    }
                }
                Some("eventSourceArn") => event.source_arn = self.text()?,
                Some("bootstrapServers") => event.bootstrap_servers = self.text()?,
                Some("redrive") => event.redrive = self.redrive()?,
                Some(_) | None => {
                    self.cursor.value()?;
                }
            }
        }
        if !has_records {
            return Err(ScanError { fault: ScanFault::NoRecords, at: self.cursor.at() });
        }
        merge_partitions_of_one_name(&mut event.partitions);
        let records = event.partitions.iter().map(|partition| partition.records.len()).sum();
        if event.redrive.is_some() && records != 1 {
            return Err(ScanError { fault: ScanFault::RedriveRecords(records), at: self.cursor.at() });
        }
        Ok(event)
    }

    fn redrive(&mut self) -> Result<Option<Redrive<'a>>, ScanError> {
        let at = self.cursor.at();
        if self.cursor.null() {
            return Ok(None);
        }
        let mark = Redrive::read(self.cursor.value()?);
        mark.map(Some).ok_or(ScanError { fault: ScanFault::Redrive, at })
    }

    /// The name of the next member, with the cursor at its value; `None` after the object's end. The name itself is
    /// `None` when it is not text; such a member is skipped.
    fn member(&mut self, first: &mut bool) -> Result<Option<Option<Cow<'a, str>>>, ScanError> {
        let cursor = &mut self.cursor;
        cursor.skip_space();
        if cursor.eat(b'}') {
            return Ok(None);
        }
        if !std::mem::take(first) {
            cursor.expect(b',', "a comma")?;
            cursor.skip_space();
        }
        let name = cursor.string()?;
        cursor.expect(b':', "a colon")?;
        cursor.skip_space();
        Ok(Some(name.text()))
    }

    /// A value that should be text. Anything else is skipped.
    fn text(&mut self) -> Result<Option<Cow<'a, str>>, ScanError> {
        if self.cursor.peek() == Some(b'"') {
            return Ok(self.cursor.string()?.text());
        }
        self.cursor.value()?;
        Ok(None)
    }

    fn partitions(&mut self, partitions: &mut Vec<TopicPartition<'a>>) -> Result<(), ScanError> {
        if !self.cursor.eat(b'{') {
            let at = self.cursor.at();
            let fault = if self.cursor.peek().is_some() { ScanFault::NoRecords } else { ScanFault::Truncated };
            return Err(ScanError { fault, at });
        }
        let mut first = true;
        loop {
            let at = self.cursor.at();
            let Some(name) = self.member(&mut first)? else { return Ok(()) };
            let name = name.ok_or(ScanError { fault: ScanFault::TopicPartitionName, at })?;
            let records = self.partition(&name)?;
            partitions.push(TopicPartition { name, records });
        }
    }

    fn partition(&mut self, name: &Cow<'a, str>) -> Result<Vec<Entry<'a>>, ScanError> {
        let mut entries = Vec::new();
        let start = self.cursor.at();
        if self.cursor.null() {
            return Ok(entries);
        }
        if !self.cursor.eat(b'[') {
            let raw = self.cursor.value()?;
            entries.push(Entry::Malformed(malformed(raw, 0, RecordFault::TopicPartition, start)));
            return Ok(entries);
        }
        self.cursor.skip_space();
        if self.cursor.eat(b']') {
            return Ok(entries);
        }
        // Most partitions of a hostile event are tiny: one slot first, then the vector's own growth.
        entries.reserve_exact(1);
        let mut last = Last::default();
        loop {
            self.cursor.skip_space();
            let at = self.cursor.at();
            if self.elements > CROWD + at / LEAST_RECORD_BYTES {
                entries.reserve_exact(1);
                entries.push(self.rest_of_partition(start, at, entries.len())?);
                return Ok(entries);
            }
            self.elements += 1;
            if entries.len() == entries.capacity() && entries.len() >= ESTIMATED_FROM {
                self.make_room(&mut entries, start);
            }
            let entry = self.element(name, &mut last, entries.len())?;
            entries.push(entry);
            self.cursor.skip_space();
            if self.cursor.eat(b',') {
                continue;
            }
            self.cursor.expect(b']', "a comma or the end of the partition")?;
            if entries.len() >= ESTIMATED_FROM {
                entries.shrink_to_fit();
            }
            return Ok(entries);
        }
    }

    /// Reserves memory for as many more elements of the average size so far as the rest of the event can hold: growing
    /// step by step would move each of them twice. Unused memory is freed at the end of the topic-partition.
    #[cold]
    fn make_room(&self, entries: &mut Vec<Entry<'a>>, start: usize) {
        let each = (self.cursor.at() - start) / entries.len().max(1);
        entries.reserve_exact(self.cursor.rest().len() / each.max(LEAST_RECORD_BYTES) + 1);
    }

    /// One element of a topic-partition. An error inside it stays its own as long as its end can be found.
    #[inline(always)]
    fn element(&mut self, partition: &str, last: &mut Last<'a>, index: usize) -> Result<Entry<'a>, ScanError> {
        match fast_path::read(&mut self.cursor, last) {
            Some(record) => Ok(Entry::Record(record)),
            None => self.general_element(partition, &mut last.topic, index),
        }
    }

    #[inline(never)]
    fn general_element(&mut self, partition: &str, topic: &mut &'a str, index: usize) -> Result<Entry<'a>, ScanError> {
        let start = self.cursor.at();
        match record::read(&mut self.cursor, partition, topic) {
            Ok(record) => Ok(Entry::Record(record)),
            Err((fault, at)) => {
                self.cursor.seek(start);
                let raw = self.cursor.value()?;
                Ok(Entry::Malformed(malformed(raw, index, fault, at)))
            }
        }
    }

    /// The rest of a topic-partition as one malformed element, so that an event made of nothing but commas and zeros does
    /// not take a hundred times its size.
    fn rest_of_partition(&mut self, start: usize, at: usize, index: usize) -> Result<Entry<'a>, ScanError> {
        self.cursor.seek(start);
        self.cursor.value()?;
        let end = self.cursor.at() - 1; // the bracket, which `value` has just consumed
        let mut rest = self.cursor;
        rest.seek(end);
        Ok(Entry::Malformed(malformed(rest.since(at), index, RecordFault::Crowded, at)))
    }
}

fn malformed<'a>(raw: &'a [u8], index: usize, fault: RecordFault, at: usize) -> Malformed<'a> {
    let (topic, partition, offset) =
        if fault == RecordFault::Crowded { Default::default() } else { record::coordinates(raw) };
    Malformed { raw, index, topic, partition, offset, error: RecordError::new(fault, at) }
}

/// Merges the parts of a topic-partition that occurs twice: dropping either part would lose records, and running them
/// side by side would lose their order.
fn merge_partitions_of_one_name(partitions: &mut Vec<TopicPartition<'_>>) {
    let name = |place: &usize| partitions.get(*place).map(|partition| &partition.name);
    let mut by_name: Vec<usize> = (0..partitions.len()).collect();
    by_name.sort_unstable_by(|left, right| name(left).cmp(&name(right)));
    if by_name.is_sorted_by(|left, right| name(left) < name(right)) {
        return;
    }
    let mut places = HashMap::new();
    let mut merged: Vec<TopicPartition<'_>> = Vec::with_capacity(partitions.len());
    for mut partition in partitions.drain(..) {
        let place = *places.entry(partition.name.clone()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(same) => {
                for entry in &mut partition.records {
                    if let Entry::Malformed(malformed) = entry {
                        malformed.index += same.records.len();
                    }
                }
                same.records.append(&mut partition.records);
            }
            None => merged.push(partition),
        }
    }
    *partitions = merged;
}
