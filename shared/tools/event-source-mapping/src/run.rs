//! A mapping at work: the machine between a source, a function and a destination.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::event::EventHead;
use crate::filter::Filter;
use crate::machine::{Action, Answer, BatchId, Condition, Counters, Machine, Rules, Time, TopicPartition};
use crate::ports::{Destination, GivenUp, Invocation, Source, SourceEvent, Target};
use crate::record::EventRecord;

/// When a commit that failed is tried again.
const COMMIT_AGAIN: Duration = Duration::from_secs(1);

type Records = BTreeMap<TopicPartition, Vec<EventRecord>>;

/// What a mapping is made of.
#[derive(Debug)]
pub struct Mapping<T, D> {
    /// Its settings.
    pub rules: Rules,
    /// Which records pass.
    pub filter: Filter,
    /// What its events begin with.
    pub head: EventHead,
    /// The function.
    pub target: Arc<T>,
    /// Where given-up records go; `rules.destination` says whether there is one.
    pub destination: Option<Arc<D>>,
}

/// What a mapping tells while it works.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A partition came.
    Assigned(&'a TopicPartition),
    /// A partition went.
    Revoked(&'a TopicPartition),
    /// An invocation ended.
    Invoked {
        /// Its records.
        records: &'a Records,
        /// 1 for the first with these records.
        invocation: u32,
        /// How it ended.
        outcome: &'a Invocation,
        /// Why its response could not be used.
        unusable: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// Records were given up and are at the destination, or an attempt to send them failed.
    GivenUp {
        /// The records.
        records: &'a Records,
        /// Why.
        condition: Condition,
        /// Where they are now: at the destination, dropped, or why the destination did not take them.
        result: Result<&'static str, String>,
    },
    /// An offset was committed, or why it was not.
    Committed {
        /// Where.
        at: &'a TopicPartition,
        /// The next offset to read.
        offset: i64,
        /// Why it is not stored.
        error: Option<String>,
    },
    /// The source goes on by itself after this.
    Trouble(String),
    /// How far the mapping is behind, and what it has done.
    State {
        /// Records that are not finished, by partition.
        lag: &'a BTreeMap<TopicPartition, u64>,
        /// What has been done so far.
        counters: Counters,
    },
}

/// How a mapping is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// When invocations that are under way have ended: no further batch begins.
    Finish,
    /// At once: what is under way is not committed, and its records are delivered again.
    Abandon,
    /// When every record that was read is finished. No more are read.
    AtTheEnd,
}

enum Done {
    Invoked { batch: BatchId, records: Records, invocation: u32, outcome: Invocation, took: Duration },
    Sent { batch: BatchId, records: Records, condition: Condition, result: Result<(), String> },
    Committed { at: TopicPartition, offset: i64, error: Option<String> },
}

/// Offsets that are to be stored, the latest of each partition. A failed commit is tried again: the next batch, which
/// would commit more, may be far away.
#[derive(Default)]
struct Commits {
    pending: BTreeMap<TopicPartition, i64>,
    under_way: BTreeSet<TopicPartition>,
    not_before: BTreeMap<TopicPartition, Time>,
}

impl Commits {
    fn take_due(&mut self, now: Time) -> Option<(TopicPartition, i64)> {
        let due = |at: &TopicPartition| {
            !self.under_way.contains(at) && self.not_before.get(at).is_none_or(|time| *time <= now)
        };
        let (at, offset) = self.pending.iter().find(|(at, _)| due(at)).map(|(at, offset)| (at.clone(), *offset))?;
        self.under_way.insert(at.clone());
        Some((at, offset))
    }

    fn ended(&mut self, at: &TopicPartition, offset: i64, stored: bool, again: Option<Time>) {
        self.under_way.remove(at);
        self.not_before.remove(at);
        match again {
            Some(time) if !stored => drop(self.not_before.insert(at.clone(), time)),
            // A later one may wait already.
            _ if self.pending.get(at) == Some(&offset) => drop(self.pending.remove(at)),
            _ => {}
        }
    }

    fn forget(&mut self, at: &TopicPartition) {
        self.pending.remove(at);
        self.not_before.remove(at);
    }
}

impl<T: Target, D: Destination> Mapping<T, D> {
    /// Works until `ending` says how to end, or the source has ended. `ending` is called again after each answer, so that
    /// what is finishing can still be abandoned.
    ///
    /// Gives what was done.
    pub async fn run<S: Source>(
        &self,
        source: &mut S,
        mut ending: impl FnMut() -> BoxFuture<'static, Ending>,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Counters {
        let mut machine = Machine::new(self.rules.clone());
        let mut under_way: FuturesUnordered<BoxFuture<'_, Done>> = FuturesUnordered::new();
        let mut last: BTreeMap<BatchId, Invocation> = BTreeMap::new();
        let mut paused = BTreeSet::new();
        let mut assigned = BTreeSet::new();
        let mut commits = Commits::default();
        let mut ended = false;
        let mut at_the_end = false;
        let mut stop = ending();
        loop {
            while let Some(action) = machine.poll(now()) {
                match action {
                    Action::Invoke { batch, records, invocation } => {
                        under_way.push(Box::pin(self.invoke(batch, records, invocation)));
                    }
                    Action::Send { batch, records, condition, invocations } => {
                        let last = last.get(&batch).cloned();
                        under_way.push(Box::pin(self.send(batch, records, condition, invocations, last)));
                    }
                    Action::Drop { records, condition } => {
                        progress(Progress::GivenUp { records: &records, condition, result: Ok("dropped") });
                    }
                    Action::Commit { at, offset } => drop(commits.pending.insert(at, offset)),
                }
            }
            while let Some((at, offset)) = commits.take_due(now()) {
                let commit = source.commit(&at, offset);
                under_way.push(Box::pin(async move {
                    let error = commit.await.err().map(|error| error.to_string());
                    Done::Committed { at, offset, error }
                }));
            }
            for at in &assigned {
                let pause = !machine.wants(at);
                if pause != paused.contains(at) {
                    source.set_paused(at, pause).await;
                    if pause {
                        paused.insert(at.clone())
                    } else {
                        paused.remove(at)
                    };
                }
            }
            let finished = machine.is_stopping() || (ended || at_the_end) && machine.is_finished();
            if under_way.is_empty() && commits.pending.is_empty() && finished {
                return machine.counters();
            }
            let wakes = commits.not_before.values().copied().chain(machine.wakes_at()).min();
            let wake = wakes.map(|at| at.since(now()));
            tokio::select! {
                biased;
                Some(done) = under_way.next(), if !under_way.is_empty() => match done {
                    Done::Invoked { batch, records, invocation, outcome, took } => {
                        let answer = match &outcome {
                            Invocation::Returned(response) => Answer::Returned(response),
                            Invocation::Failed(_) | Invocation::TimedOut => Answer::Failed,
                            Invocation::Throttled | Invocation::Unreachable(_) => Answer::NotInvoked,
                        };
                        let unusable = machine.answered(batch, answer, now()).err().map(|error| error.to_string());
                        progress(Progress::Invoked { records: &records, invocation, outcome: &outcome, unusable, took });
                        if machine.is_under_way(batch) {
                            last.insert(batch, outcome);
                        } else {
                            last.remove(&batch);
                        }
                    }
                    Done::Sent { batch, records, condition, result } => {
                        machine.delivered(batch, result.is_ok(), now());
                        if !machine.is_under_way(batch) {
                            last.remove(&batch);
                        }
                        let result = result.map(|()| "at the destination");
                        progress(Progress::GivenUp { records: &records, condition, result });
                    }
                    Done::Committed { at, offset, error } => {
                        // A mapping that ends does not wait for a cluster that is down.
                        let again = (!machine.is_stopping()).then(|| now().plus(COMMIT_AGAIN));
                        commits.ended(&at, offset, error.is_none(), again);
                        progress(Progress::Committed { at: &at, offset, error });
                    }
                },
                how = &mut stop => match how {
                    Ending::Abandon => return machine.counters(),
                    Ending::Finish => {
                        machine.stop();
                        stop = ending();
                    }
                    Ending::AtTheEnd => {
                        at_the_end = true;
                        stop = ending();
                    }
                },
                event = source.next(), if !ended => match event {
                    Some(SourceEvent::Assigned(at)) => {
                        machine.assigned(at.clone());
                        progress(Progress::Assigned(&at));
                        assigned.insert(at);
                    }
                    Some(SourceEvent::Revoked(at)) => {
                        machine.revoked(&at);
                        commits.forget(&at);
                        progress(Progress::Revoked(&at));
                        assigned.remove(&at);
                        paused.remove(&at);
                    }
                    // The next run reads them.
                    Some(SourceEvent::Records(_) | SourceEvent::Written(_)) if at_the_end => {}
                    Some(SourceEvent::Records(records)) => {
                        for record in records {
                            let at = record.at.clone();
                            machine.received(&at, [EventRecord::new(record, &self.filter)], now());
                        }
                    }
                    Some(SourceEvent::Written(records)) => {
                        for (record, json) in records {
                            let at = record.at.clone();
                            machine.received(&at, [EventRecord::written(record, json, &self.filter)], now());
                        }
                    }
                    Some(SourceEvent::Trouble(trouble)) => progress(Progress::Trouble(trouble.to_string())),
                    Some(SourceEvent::Lag(mut lag)) => {
                        lag.iter_mut().for_each(|(at, lag)| *lag = lag.saturating_add(machine.unfinished(at)));
                        progress(Progress::State { lag: &lag, counters: machine.counters() });
                    }
                    None => ended = true,
                },
                () = tokio::time::sleep(wake.unwrap_or(Duration::from_secs(3600))) => {}
            }
        }
    }

    async fn invoke(&self, batch: BatchId, records: Records, invocation: u32) -> Done {
        let started = Instant::now();
        let event = Bytes::from(self.head.event(&records));
        let outcome = self.target.invoke(event).await;
        Done::Invoked { batch, records, invocation, outcome, took: started.elapsed() }
    }

    async fn send(
        &self,
        batch: BatchId,
        records: Records,
        condition: Condition,
        invocations: u32,
        last: Option<Invocation>,
    ) -> Done {
        let event = self.head.event(&records);
        let given_up = GivenUp { records: records.clone(), event, condition, invocations, last };
        let result = match &self.destination {
            Some(destination) => destination.send(given_up).await.map_err(|error| error.to_string()),
            None => Err("there is no destination".to_owned()),
        };
        Done::Sent { batch, records, condition, result }
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
