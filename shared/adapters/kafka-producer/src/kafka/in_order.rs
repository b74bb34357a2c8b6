//! Sends records in batches, so that a refused record affects no other and the order within a partition holds.
//!
//! A broker accepts or refuses a batch as a whole: if one record is too large or invalid, the others in its batch are refused
//! too, and the client does not say which one it was. So each partition has one batch under way at a time. The records of a
//! refused batch, none of which was written, are sent again in halves, the first half first, until a record is refused alone:
//! that one is at fault. The records behind it wait until then. So the records of a partition are written in order, also
//! around refused ones, and none is written twice.

use std::collections::VecDeque;
use std::future::Future;

use event_runtime::{Blame, Failure};

use crate::error::{DeliveryError, DeliveryProblem};
use crate::producer::Delivered;

/// The most bytes of records in one batch, as the client estimates them. It is Kafka's default. A larger record is sent alone.
pub(super) const BATCH_BYTES: usize = 16 << 10;

/// The answer for a record.
pub(super) type Answer = Result<Delivered, DeliveryError>;

/// A record with its partition and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) bytes: usize,
}

/// Sends batches. Records are named by their index in the call.
pub(super) trait Batches {
    /// Whether a batch that is begun now ends in time.
    fn in_time(&self) -> bool;

    /// Sends one batch for each of several partitions and waits for all of them. Answers for each record, in order.
    fn send(&self, batches: &[Vec<usize>]) -> impl Future<Output = Vec<Vec<Answer>>> + Send;
}

/// The record was not sent because of another one.
#[derive(Debug, thiserror::Error)]
#[error("a record before it in its partition was not acknowledged, or sending the ones before it took all the time")]
struct Behind;

/// Sends every record and answers for each, in order. Within a partition, nothing is sent behind a record that may have been
/// written and is not acknowledged.
pub(super) async fn send_in_order(records: &[Placed], batches: &impl Batches) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = records.iter().map(|_| None).collect();
    let mut partitions = partitions_of(records);
    while batches.in_time() {
        let (mut senders, mut sent) = (Vec::new(), Vec::new());
        for (number, partition) in partitions.iter_mut().enumerate() {
            if let Some(batch) = partition.pop_front() {
                senders.push(number);
                sent.push(batch);
            }
        }
        if sent.is_empty() {
            break;
        }
        let mut answered = batches.send(&sent).await.into_iter();
        for (number, batch) in senders.into_iter().zip(sent) {
            match settle(records, batch, answered.next().unwrap_or_default(), &mut answers) {
                Settled::Again(refused) => {
                    halves(refused).into_iter().rev().for_each(|half| partitions[number].push_front(half))
                }
                Settled::Stopped => partitions[number].clear(),
            }
        }
    }
    let not_sent = |topic: &str| Err(DeliveryError::new(topic, DeliveryProblem::NotSent).caused_by(Behind));
    answers.into_iter().zip(records).map(|(answer, record)| answer.unwrap_or_else(|| not_sent(&record.topic))).collect()
}

/// The batches of each partition, in order.
fn partitions_of(records: &[Placed]) -> Vec<VecDeque<Vec<usize>>> {
    let mut partitions: Vec<(&str, i32, usize, VecDeque<Vec<usize>>)> = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let at = partitions
            .iter()
            .position(|partition| (partition.0, partition.1) == (record.topic.as_str(), record.partition));
        let at = at.unwrap_or_else(|| {
            partitions.push((&record.topic, record.partition, 0, VecDeque::new()));
            partitions.len() - 1
        });
        let (_, _, bytes, batches) = &mut partitions[at];
        match batches.back_mut() {
            Some(batch) if *bytes + record.bytes <= BATCH_BYTES => {
                *bytes += record.bytes;
                batch.push(index);
            }
            Some(_) | None => {
                *bytes = record.bytes;
                batches.push_back(vec![index]);
            }
        }
    }
    partitions.into_iter().map(|(_, _, _, batches)| batches).collect()
}

/// What follows from the answers to a batch.
enum Settled {
    /// The partition continues with these records: one of them is at fault, and none was written.
    Again(Vec<usize>),
    /// The fault is not a record's, or it is not known what was written.
    Stopped,
}

fn settle(records: &[Placed], batch: Vec<usize>, answered: Vec<Answer>, answers: &mut [Option<Answer>]) -> Settled {
    let (alone, mut answered) = (batch.len() == 1, answered.into_iter());
    let (mut refused, mut stopped) = (Vec::new(), false);
    for index in batch {
        // A record without an answer may have been written.
        let unknown = || Err(DeliveryError::new(&records[index].topic, DeliveryProblem::Unacknowledged));
        let answer = answered.next().unwrap_or_else(unknown);
        match &answer {
            Err(error) if error.blame() == Blame::Record && !alone => {
                refused.push(index);
                continue;
            }
            Err(error) => stopped |= error.blame() == Blame::Deployment,
            Ok(_) => {}
        }
        answers[index] = Some(answer);
    }
    if stopped { Settled::Stopped } else { Settled::Again(refused) }
}

/// The refused records in two batches, or in one if there is only one record.
fn halves(mut refused: Vec<usize>) -> Vec<Vec<usize>> {
    match refused.len() {
        0 => Vec::new(),
        1 => vec![refused],
        more => {
            let second = refused.split_off(more / 2);
            vec![refused, second]
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    /// A broker that accepts or refuses a batch as a whole.
    struct Broker {
        /// Records for which their batch is refused, by index.
        bad: Vec<usize>,
        /// Records whose answer is lost.
        lost: Vec<usize>,
        /// Calls after which the time is over.
        calls: usize,
        log: Mutex<Vec<Vec<Vec<usize>>>>,
    }

    impl Broker {
        fn with(bad: &[usize], lost: &[usize]) -> Self {
            Broker { bad: bad.to_vec(), lost: lost.to_vec(), calls: usize::MAX, log: Mutex::default() }
        }

        fn calls(&self) -> usize {
            self.log.lock().unwrap().len()
        }

        /// Every record that was written, in the order of writing.
        fn written(&self) -> Vec<usize> {
            let log = self.log.lock().unwrap();
            let batches = log.iter().flatten().filter(|batch| !batch.iter().any(|index| self.bad.contains(index)));
            batches.flatten().copied().collect()
        }
    }

    impl Batches for Broker {
        fn in_time(&self) -> bool {
            self.calls() < self.calls
        }

        async fn send(&self, batches: &[Vec<usize>]) -> Vec<Vec<Answer>> {
            self.log.lock().unwrap().push(batches.to_vec());
            let answer = |batch: &Vec<usize>, index: &usize| {
                if batch.iter().any(|index| self.bad.contains(index)) {
                    return Err(DeliveryError::new("t", DeliveryProblem::Rejected));
                }
                if self.lost.contains(index) {
                    return Err(DeliveryError::new("t", DeliveryProblem::Unacknowledged));
                }
                Ok(Delivered { partition: 0, offset: None })
            };
            batches.iter().map(|batch| batch.iter().map(|index| answer(batch, index)).collect()).collect()
        }
    }

    fn in_one_partition(records: usize) -> Vec<Placed> {
        vec![Placed { topic: "t".to_owned(), partition: 0, bytes: 100 }; records]
    }

    fn codes(records: &[Placed], broker: &Broker) -> Vec<&'static str> {
        let answers = send_in_order(records, broker).now_or_never().unwrap();
        answers.iter().map(|answer| answer.as_ref().map_or_else(DeliveryError::code, |_| "written")).collect()
    }

    #[test]
    fn of_a_thousand_records_one_is_refused_and_the_others_are_written() {
        let broker = Broker::with(&[137], &[]);
        let codes = codes(&in_one_partition(1_000), &broker);
        let refused: Vec<_> = (0..1_000).filter(|index| codes[*index] == "kafka_record_rejected").collect();
        assert_eq!(refused, [137]);
        assert_eq!(codes.iter().filter(|code| **code == "written").count(), 999);
        assert_eq!(broker.written(), (0..1_000).filter(|index| *index != 137).collect::<Vec<_>>());
        assert!(broker.calls() <= 7 + 2 * 8, "{} calls find one among the 163 of a batch", broker.calls());
    }

    #[test]
    fn nothing_is_sent_behind_a_record_that_may_have_been_written() {
        let mut records = in_one_partition(400);
        records[399].partition = 1;
        let broker = Broker::with(&[], &[10]);
        let codes = codes(&records, &broker);
        assert_eq!((codes[10], codes[200], codes[399]), ("kafka_unacknowledged", "kafka_not_sent", "written"));
        assert_eq!(broker.written().len(), 163 + 1, "one batch of the one partition, and the other partition");
    }

    #[test]
    fn records_without_time_left_are_not_sent() {
        let broker = Broker { calls: 1, ..Broker::with(&[], &[]) };
        let codes = codes(&in_one_partition(200), &broker);
        assert_eq!((codes[0], codes[199]), ("written", "kafka_not_sent"));
        assert_eq!(broker.calls(), 1);
    }

    proptest! {
        #[test]
        fn only_bad_records_are_refused_and_partitions_keep_their_order(
            places in prop::collection::vec((0..3_i32, 1..9_000_usize, prop::bool::weighted(0.2)), 0..80),
        ) {
            let records: Vec<_> = places
                .iter()
                .map(|(partition, bytes, _)| Placed { topic: "t".to_owned(), partition: *partition, bytes: *bytes })
                .collect();
            let bad: Vec<_> = (0..places.len()).filter(|index| places[*index].2).collect();
            let broker = Broker::with(&bad, &[]);
            let codes = codes(&records, &broker);
            let refused: Vec<_> = (0..codes.len()).filter(|index| codes[*index] != "written").collect();
            prop_assert_eq!(refused, bad);
            let mut by_partition: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
            for index in broker.written() {
                by_partition.entry(records[index].partition).or_default().push(index);
            }
            let written: usize = by_partition.values().map(Vec::len).sum();
            prop_assert_eq!(written, codes.iter().filter(|code| **code == "written").count());
            // In order and none twice.
            prop_assert!(by_partition.values().all(|all| all.windows(2).all(|two| two[0] < two[1])));
        }
    }
}
