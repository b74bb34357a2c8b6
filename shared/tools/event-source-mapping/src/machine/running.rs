//! The machine: batches under way, what is to be done next, and what an answer means.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::answer::{Answer, Unusable, known, listed};
use super::batch::{Batch, Condition, Parts};
use super::counters::Counters;
use super::forming::{due, form};
use super::partition::Partition;
use super::record::{Record, Time, TopicPartition};
use super::rules::{DestinationFailure, PartialResponses, Rule, Rules, holds};

/// Names a batch from its first invocation until all its records are finished, however often it is retried or split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

/// What is to be done next.
#[derive(Debug, Clone)]
pub enum Action<R> {
    /// Invoke the function with these records, then call [`Machine::answered`].
    Invoke {
        /// Which batch.
        batch: BatchId,
        /// In offset order.
        records: BTreeMap<TopicPartition, Vec<R>>,
        /// 1 for the first invocation with these records.
        invocation: u32,
    },
    /// Send these records to the on-failure destination, then call [`Machine::delivered`].
    Send {
        /// Which batch.
        batch: BatchId,
        /// In offset order.
        records: BTreeMap<TopicPartition, Vec<R>>,
        /// Why they were given up.
        condition: Condition,
        /// How often the function was invoked with them.
        invocations: u32,
    },
    /// Drop these records: they were given up, and there is no destination. Nothing is to be called.
    Drop {
        /// In offset order.
        records: BTreeMap<TopicPartition, Vec<R>>,
        /// Why they were given up.
        condition: Condition,
    },
    /// Commit this offset: the next record that a new member of the group would read.
    Commit {
        /// Where.
        at: TopicPartition,
        /// The offset.
        offset: i64,
    },
}

/// The state of a mapping. Everything that it holds of a record is in memory: a machine that is dropped loses nothing but
/// what would be read again from the committed offsets.
#[derive(Debug)]
pub struct Machine<R> {
    rules: Rules,
    partitions: BTreeMap<TopicPartition, Partition<R>>,
    /// By id, so that older batches come first.
    under_way: BTreeMap<BatchId, Batches<R>>,
    next_batch: u64,
    commits: VecDeque<(TopicPartition, i64)>,
    counters: Counters,
    stopping: bool,
}

/// A batch, or what it was split into: one after the other.
#[derive(Debug)]
struct Batches<R> {
    queue: VecDeque<Batch<R>>,
    state: State,
}

#[derive(Debug)]
enum State {
    Due(Time),
    Invoked(BTreeSet<(TopicPartition, i64)>),
    Sent,
}

impl<R: Record> Machine<R> {
    /// A machine without partitions.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Machine {
            rules,
            partitions: BTreeMap::new(),
            under_way: BTreeMap::new(),
            next_batch: 0,
            commits: VecDeque::new(),
            counters: Counters::default(),
            stopping: false,
        }
    }

    /// A partition is this member's from now on.
    pub fn assigned(&mut self, at: TopicPartition) {
        self.partitions.entry(at).or_insert_with(Partition::new);
    }

    /// A partition is not this member's any more. An invocation that is under way goes on, and its answer commits nothing
    /// of this partition.
    pub fn revoked(&mut self, at: &TopicPartition) {
        if !holds(Rule::RevokedIsForgotten) {
            return;
        }
        self.partitions.remove(at);
        self.commits.retain(|(commit, _)| commit != at);
        for batches in self.under_way.values_mut() {
            batches.queue.iter_mut().for_each(|batch| drop(batch.parts.remove(at)));
            batches.tidy();
        }
        self.under_way.retain(|_, batches| !batches.queue.is_empty());
    }

    /// Records were read, in offset order. Those of a partition that is not assigned are ignored.
    pub fn received(&mut self, at: &TopicPartition, records: impl IntoIterator<Item = R>, now: Time) {
        let Some(partition) = self.partitions.get_mut(at) else { return };
        for record in records {
            self.counters.polled_event_count += 1;
            self.counters.filtered_out_event_count += u64::from(!record.passes_filter());
            partition.receive(record, now);
        }
        // What the filter refused is finished as soon as nothing before it is unfinished.
        self.commit(at);
    }

    /// Whether more of a partition should be read: less than two batches of it wait.
    #[must_use]
    pub fn wants(&self, at: &TopicPartition) -> bool {
        let two_batches = |partition: &Partition<R>| {
            partition.buffered.len() >= self.rules.batch_size.saturating_mul(2)
                || partition.buffered_bytes >= self.rules.payload_bytes.saturating_mul(2)
        };
        !self.stopping && self.partitions.get(at).is_some_and(|partition| !two_batches(partition))
    }

    /// What is to be done next; nothing until [`Machine::wakes_at`] or until something happens.
    pub fn poll(&mut self, now: Time) -> Option<Action<R>> {
        loop {
            if let Some((at, offset)) = self.commits.pop_front() {
                return Some(Action::Commit { at, offset });
            }
            if self.stopping {
                return None;
            }
            let is_due = |batches: &Batches<R>| matches!(batches.state, State::Due(at) if at <= now);
            if let Some(id) = self.under_way.iter().find(|(_, batches)| is_due(batches)).map(|(id, _)| *id) {
                match self.begin(id, now) {
                    Some(action) => return Some(action),
                    None => continue,
                }
            }
            if self.next_formed().is_none_or(|at| at > now) {
                return None;
            }
            let busy = self.busy();
            let batch = form(&mut self.partitions, |at| !busy.contains(at), &self.rules, now)?;
            let batches = Batches { queue: VecDeque::from([batch]), state: State::Due(now) };
            self.under_way.insert(BatchId(self.next_batch), batches);
            self.next_batch += 1;
        }
    }

    /// When [`Machine::poll`] has something to do though nothing happens.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Time> {
        if self.stopping {
            return None;
        }
        let retries = self.under_way.values().filter_map(|batches| match batches.state {
            State::Due(at) => Some(at),
            State::Invoked(_) | State::Sent => None,
        });
        retries.chain(self.next_formed()).min()
    }

    /// An invocation ended.
    ///
    /// # Errors
    /// When a response was expected to list failures and cannot be used. The batch is retried then.
    pub fn answered(&mut self, id: BatchId, answer: Answer<'_>, now: Time) -> Result<(), Unusable> {
        let Some(batches) = self.under_way.get_mut(&id) else { return Ok(()) };
        let State::Invoked(sent) = &batches.state else { return Ok(()) };
        let understood = match answer {
            Answer::Returned(response) => understand(&self.rules, response, sent).map(Some),
            Answer::Failed | Answer::NotInvoked => Ok(None),
        };
        batches.state = State::Due(now);
        let Some(batch) = batches.queue.pop_front().filter(|batch| !batch.parts.is_empty()) else {
            // Every partition of it was revoked meanwhile.
            self.end(id);
            return understood.map(drop);
        };
        let records = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        match &understood {
            Ok(Some(failed)) => self.returned(id, batch, failed, now),
            _ if answer == Answer::NotInvoked && holds(Rule::ThrottlingIsFree) => self.not_invoked(id, batch, now),
            Ok(None) | Err(_) => {
                self.counters.failed_invoke_event_count += records;
                self.failed(id, batch, now);
            }
        }
        understood.map(drop)
    }

    /// The destination has answered: `accepted` when it has the records.
    pub fn delivered(&mut self, id: BatchId, accepted: bool, now: Time) {
        let Some(batches) = self.under_way.get_mut(&id) else { return };
        if !matches!(batches.state, State::Sent) {
            return;
        }
        batches.state = State::Due(now);
        let Some(mut batch) = batches.queue.pop_front() else { return };
        let again = !accepted && self.rules.destination_failure == DestinationFailure::Retry;
        if again && holds(Rule::DestinationBeforeCommit) {
            batch.not_invoked += 1;
            batches.state = State::Due(now.plus(self.rules.pause(batch.not_invoked)));
            batches.queue.push_front(batch);
            return;
        }
        let records = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        if accepted {
            self.counters.on_failure_destination_delivered_event_count += records;
        } else {
            self.counters.dropped_event_count += records;
        }
        self.finish(&batch.parts);
        self.end(id);
    }

    /// No more batches begin. What is under way may end; its retries are left to the next member.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether [`Machine::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Whether a batch has records that are not finished.
    #[must_use]
    pub fn is_under_way(&self, batch: BatchId) -> bool {
        self.under_way.contains_key(&batch)
    }

    /// Whether nothing is invoked and nothing is on its way to the destination.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.under_way.values().all(|batches| matches!(batches.state, State::Due(_)))
    }

    /// Whether every record that was read is finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.under_way.is_empty() && self.partitions.values().all(|partition| partition.buffered.is_empty())
    }

    /// Records of a partition that were read and are not finished.
    #[must_use]
    pub fn unfinished(&self, at: &TopicPartition) -> u64 {
        self.partitions.get(at).map_or(0, Partition::unfinished)
    }

    /// What has been done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn busy(&self) -> BTreeSet<TopicPartition> {
        if !holds(Rule::OneBatchPerPartition) {
            return BTreeSet::new();
        }
        let parts = self.under_way.values().flat_map(|batches| &batches.queue).flat_map(|batch| batch.parts.keys());
        parts.cloned().collect()
    }

    fn next_formed(&self) -> Option<Time> {
        let busy = self.busy();
        due(self.partitions.iter().filter(|(at, _)| !busy.contains(at)).map(|(_, partition)| partition), &self.rules)
    }

    /// Begins what is due of a batch: an invocation, or giving it up.
    fn begin(&mut self, id: BatchId, now: Time) -> Option<Action<R>> {
        let batches = self.under_way.get_mut(&id)?;
        let batch = batches.queue.front_mut()?;
        if let Some(age) = self.rules.age.filter(|_| batch.given_up.is_none() && holds(Rule::AgeEnds))
            && batch.older_than(age, now)
        {
            let invocations = batch.invocations;
            let old = batch.split_off(|_, record| now.since(record.timestamp()) <= age);
            batches.queue.retain(|batch| !batch.parts.is_empty());
            batches.queue.push_front(Batch { invocations, ..Batch::given_up(old, Condition::RecordAgeExceeded) });
            return None;
        }
        let Some(condition) = batch.given_up else {
            batch.invocations += 1;
            let records = batch.parts.clone();
            let invocation = batch.invocations;
            batches.state = State::Invoked(batch.places());
            self.counters.invoked_event_count += records.values().map(|part| part.len() as u64).sum::<u64>();
            if !holds(Rule::CommitAfterBatch) {
                self.finish(&records);
            }
            return Some(Action::Invoke { batch: id, records, invocation });
        };
        if self.rules.destination && holds(Rule::ToTheDestination) {
            batches.state = State::Sent;
            let (records, invocations) = (batch.parts.clone(), batch.invocations);
            return Some(Action::Send { batch: id, records, condition, invocations });
        }
        let records = batches.queue.pop_front()?.parts;
        self.counters.dropped_event_count += records.values().map(|part| part.len() as u64).sum::<u64>();
        self.finish(&records);
        self.end(id);
        Some(Action::Drop { records, condition })
    }

    /// The function returned, and listed these.
    fn returned(&mut self, id: BatchId, mut batch: Batch<R>, failed: &BTreeSet<(TopicPartition, i64)>, now: Time) {
        let lowest: BTreeMap<_, _> = failed.iter().rev().map(|(at, offset)| (at, *offset)).collect();
        let from_the_lowest = self.rules.partial_responses == Some(PartialResponses::FromTheLowest);
        let comes_again = |at: &TopicPartition, record: &R| {
            if from_the_lowest {
                lowest.get(at).is_some_and(|lowest| record.offset() >= *lowest)
            } else {
                failed.contains(&(at.clone(), record.offset()))
            }
        };
        let finished = batch.split_off(comes_again);
        self.finish(&finished);
        if batch.parts.is_empty() {
            self.end(id);
            return;
        }
        self.counters.failed_invoke_event_count += u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.again(id, VecDeque::from([batch]), true, now);
    }

    fn failed(&mut self, id: BatchId, batch: Batch<R>, now: Time) {
        if !holds(Rule::WholeBatchAgain) {
            self.finish(&batch.parts);
            self.end(id);
        } else if self.rules.bisect && batch.len() > 1 && holds(Rule::Bisect) {
            let counts = self.rules.splitting_counts || !holds(Rule::SplittingIsFree);
            self.again(id, batch.halves(), counts, now);
        } else {
            self.again(id, VecDeque::from([batch]), true, now);
        }
    }

    fn not_invoked(&mut self, id: BatchId, mut batch: Batch<R>, now: Time) {
        batch.invocations -= 1;
        batch.not_invoked += 1;
        let pause = self.rules.pause(batch.not_invoked);
        if let Some(batches) = self.under_way.get_mut(&id) {
            batches.state = State::Due(now.plus(pause));
            batches.queue.push_front(batch);
        }
    }

    /// These batches are retried in place of the one that failed, unless its retries are used up.
    fn again(&mut self, id: BatchId, retried: VecDeque<Batch<R>>, counts: bool, now: Time) {
        let Some(batches) = self.under_way.get_mut(&id) else { return };
        let mut pause = std::time::Duration::ZERO;
        for mut batch in retried.into_iter().rev() {
            batch.not_invoked = 0;
            batch.retries += u32::from(counts);
            let used_up = self.rules.retries.is_some_and(|most| batch.retries > most);
            if used_up && holds(Rule::RetriesEnd) {
                batch.given_up = Some(Condition::RetryAttemptsExhausted);
            } else {
                pause = self.rules.pause(if holds(Rule::Backoff) { batch.retries.max(1) } else { 1 });
            }
            batches.queue.push_front(batch);
        }
        let given_up = batches.queue.front().is_some_and(|batch| batch.given_up.is_some());
        batches.state = State::Due(if given_up { now } else { now.plus(pause) });
    }

    fn finish(&mut self, parts: &Parts<R>) {
        for (at, records) in parts {
            if let Some(partition) = self.partitions.get_mut(at) {
                records.iter().for_each(|record| partition.finish(record.offset()));
            }
            self.commit(at);
        }
    }

    fn commit(&mut self, at: &TopicPartition) {
        if let Some(offset) = self.partitions.get_mut(at).and_then(Partition::take_commit) {
            self.commits.push_back((at.clone(), offset));
        }
    }

    /// Forgets a batch of which nothing is left.
    fn end(&mut self, id: BatchId) {
        if self.under_way.get(&id).is_some_and(|batches| batches.queue.is_empty()) {
            self.under_way.remove(&id);
        }
    }
}

impl<R: Record> Batches<R> {
    /// Removes batches that hold nothing any more, but for one that is under way.
    fn tidy(&mut self) {
        let keep_first = !matches!(self.state, State::Due(_));
        let mut nth = 0;
        self.queue.retain(|batch| {
            nth += 1;
            !batch.parts.is_empty() || keep_first && nth == 1
        });
    }
}

/// The records that come again.
fn understand(
    rules: &Rules,
    response: &[u8],
    sent: &BTreeSet<(TopicPartition, i64)>,
) -> Result<BTreeSet<(TopicPartition, i64)>, Unusable> {
    let reads = rules.partial_responses.is_some() || !holds(Rule::ResponseIgnored);
    if !reads || !holds(Rule::ListedComeAgain) {
        return Ok(BTreeSet::new());
    }
    match listed(response) {
        Ok(listed) => known(listed, sent, holds(Rule::UnknownItemFailsBatch)),
        Err(_) if !holds(Rule::MalformedResponseFailsBatch) => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}
