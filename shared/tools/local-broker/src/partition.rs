//! A partition: where it goes on, and which batches of idempotent producers it already has.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::error::ResponseError;

use crate::batch::{Batch, Refused};

/// Batches of a producer that are recognised when they are sent again (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
const RECOGNISED: usize = 5;

/// A partition of a topic.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// The offset of the next record.
    pub(crate) next_offset: i64,
    producers: HashMap<i64, ProducerState>,
}

/// What the partition knows of a producer.
#[derive(Debug)]
struct ProducerState {
    epoch: i16,
    /// The latest batches, oldest first.
    batches: VecDeque<Written>,
}

/// A batch that is in the log.
#[derive(Debug, Clone, Copy)]
struct Written {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is new: write it.
    Write,
    /// It is in the log already, from this offset on: acknowledge it and write nothing.
    Duplicate(i64),
}

impl Partition {
    /// A partition that goes on at an offset.
    pub(crate) fn at(next_offset: i64) -> Self {
        Partition { next_offset, producers: HashMap::new() }
    }

    /// Whether a batch is new, by Apache Kafka's rules (`ProducerStateEntry`, `ProducerAppendInfo`).
    pub(crate) fn check(&self, batch: &Batch) -> Result<Verdict, Refused> {
        let known = self.producers.get(&batch.producer_id).filter(|_| batch.producer_id >= 0);
        // A producer that the partition does not know may begin anywhere: Kafka forgets producers too.
        let Some(known) = known else { return Ok(Verdict::Write) };
        if batch.producer_epoch < known.epoch {
            return Err(Refused::new(
                ResponseError::InvalidProducerEpoch,
                "a newer epoch of this producer has written",
            ));
        }
        if batch.producer_epoch > known.epoch {
            return match batch.base_sequence {
                0 => Ok(Verdict::Write),
                _ => Err(out_of_order("a new epoch begins with sequence number 0")),
            };
        }
        let range = (batch.base_sequence, batch.last_sequence());
        let same = known.batches.iter().find(|written| (written.first_sequence, written.last_sequence) == range);
        if let Some(same) = same {
            return Ok(Verdict::Duplicate(same.base_offset));
        }
        let last = known.batches.back().map_or(-1, |written| written.last_sequence);
        let next = last.checked_add(1).unwrap_or(0);
        match batch.base_sequence == next {
            true => Ok(Verdict::Write),
            false => Err(out_of_order("the sequence number does not follow the last one of this producer")),
        }
    }

    /// Takes note of a batch that was written, and gives the offset of its first record.
    pub(crate) fn written(&mut self, batch: &Batch) -> i64 {
        let base_offset = self.next_offset;
        self.next_offset += batch.records.len() as i64;
        if batch.producer_id >= 0 {
            let epoch = batch.producer_epoch;
            let new = || ProducerState { epoch, batches: VecDeque::new() };
            let producer = self.producers.entry(batch.producer_id).or_insert_with(new);
            if producer.epoch != epoch {
                *producer = new();
            }
            let (first_sequence, last_sequence) = (batch.base_sequence, batch.last_sequence());
            producer.batches.push_back(Written { first_sequence, last_sequence, base_offset });
            if producer.batches.len() > RECOGNISED {
                producer.batches.pop_front();
            }
        }
        base_offset
    }
}

fn out_of_order(message: &'static str) -> Refused {
    Refused::new(ResponseError::OutOfOrderSequenceNumber, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchRecord;

    fn batch(epoch: i16, base_sequence: i32, records: usize) -> Batch {
        let record = || BatchRecord { timestamp: 0, key: None, value: None, headers: Vec::new() };
        let records = (0..records).map(|_| record()).collect();
        Batch { producer_id: 7, producer_epoch: epoch, base_sequence, records }
    }

    /// Writes it if it is to be written.
    fn send(partition: &mut Partition, batch: &Batch) -> Result<Verdict, ResponseError> {
        let verdict = partition.check(batch).map_err(|refused| refused.error)?;
        if verdict == Verdict::Write {
            partition.written(batch);
        }
        Ok(verdict)
    }

    #[test]
    fn a_batch_that_is_sent_again_keeps_its_first_offset() {
        let mut partition = Partition::at(100);
        for number in 0..6 {
            assert_eq!(send(&mut partition, &batch(0, number * 3, 3)), Ok(Verdict::Write));
        }
        assert_eq!(send(&mut partition, &batch(0, 15, 3)), Ok(Verdict::Duplicate(115)));
        assert_eq!(send(&mut partition, &batch(0, 3, 3)), Ok(Verdict::Duplicate(103)));
        let forgotten = send(&mut partition, &batch(0, 0, 3));
        assert_eq!(forgotten, Err(ResponseError::OutOfOrderSequenceNumber), "five batches are recognised");
        assert_eq!(partition.next_offset, 118);
    }

    #[test]
    fn a_gap_in_the_sequence_is_refused() {
        let mut partition = Partition::default();
        assert_eq!(send(&mut partition, &batch(0, 0, 2)), Ok(Verdict::Write));
        assert_eq!(send(&mut partition, &batch(0, 3, 1)), Err(ResponseError::OutOfOrderSequenceNumber));
        assert_eq!(send(&mut partition, &batch(0, 1, 1)), Err(ResponseError::OutOfOrderSequenceNumber));
        assert_eq!(send(&mut partition, &batch(0, 2, 1)), Ok(Verdict::Write));
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_shuts_out_the_old_one() {
        let mut partition = Partition::default();
        assert_eq!(send(&mut partition, &batch(0, 40, 2)), Ok(Verdict::Write), "an unknown producer begins anywhere");
        assert_eq!(send(&mut partition, &batch(1, 42, 2)), Err(ResponseError::OutOfOrderSequenceNumber));
        assert_eq!(send(&mut partition, &batch(1, 0, 2)), Ok(Verdict::Write));
        assert_eq!(send(&mut partition, &batch(0, 42, 2)), Err(ResponseError::InvalidProducerEpoch));
    }
}
